"""The command line: arguments in, results and exit codes out.

0: done. 1: the answer is no (problems found, every patient refused). 2: bad usage or bad input.
Results go to stdout, progress and errors to stderr. What a command needs is imported when it
runs, so that a prediction does not wait for what only training needs.
"""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import predictor
from predictor import terminal
from predictor.errors import PatientRefused, PredictorError

app = typer.Typer(
    name="predictor",
    help="Predict remission and relapse of SLE after IVIG, with honest numbers from small cohorts.",
    epilog="Every command has --help with an example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How a result is printed."""

    text = "text"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How the result is printed.")]


def main() -> None:
    """Run the command line; what users can do wrong never shows a traceback."""
    try:
        app()
    except PatientRefused as refusal:
        terminal.show_error(refusal)
        sys.exit(1)
    except PredictorError as error:
        terminal.show_error(error)
        sys.exit(2)
    except KeyboardInterrupt:
        terminal.note("predictor: interrupted; nothing was left half-written")
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe left; not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("PREDICTOR_DEBUG"):
            raise
        terminal.note(
            f"predictor: internal error ({type(error).__name__}{_place(error)}). Please report it "
            "with the command; PREDICTOR_DEBUG=1 shows the whole trace, which may hold values."
        )
        sys.exit(70)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _json(data: Any) -> None:
    terminal.say(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))


def _version(wanted: bool) -> None:
    if wanted:
        terminal.say(f"predictor {predictor.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: predictor init study.yaml --schema")
def init(
    file: Annotated[Path, typer.Argument(help="Where to write the configuration.")],
    schema: Annotated[bool, typer.Option(help="Also write the JSON Schema for editors.")] = False,
) -> None:
    """Write a commented starter configuration."""
    from predictor.workflow.init import init as write

    written = write(file, schema=schema)
    terminal.say(
        f"Wrote {terminal.listed(written)}. Change what is marked, then: "
        f"predictor check COHORT --config {file}"
    )


@app.command(epilog="Example: predictor variables --format json")
def variables(
    dictionary: Annotated[
        Path | None, typer.Option(help="A dictionary of your own instead of the shipped one.")
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """List the dictionary: names, units, ranges."""
    from predictor.clinical.dictionary import load_dictionary

    found = load_dictionary(dictionary)
    if output is Format.json:
        entries = [variable.to_dict() for variable in found.variables.values()]
        _json({"dictionary": found.name, "variables": entries})
    else:
        terminal.show_variables(found)


@app.command(epilog="Example: predictor check cohort.csv --config study.yaml")
def check(
    cohort: Annotated[Path, typer.Argument(help="CSV, Excel or Parquet.")],
    config: Annotated[
        str | None, typer.Option(help="Configuration whose columns, units and rules are used.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most problems to print as text.")] = 100,
    output: FormatOption = Format.text,
) -> None:
    """List every problem of a cohort: row, column, rule, suggestion. Exits 1 if any is fatal."""
    from predictor.workflow.check import check as run

    found = run(cohort, config)
    if output is Format.json:
        problems = [
            {
                "row": p.row,
                "column": p.column,
                "code": p.code,
                "message": p.message,
                "fatal": p.fatal,
                "value": p.value or None,
            }
            for p in found.problems
        ]
        flow = [{"step": s.step, "patients": s.patients} for s in found.flow]
        _json({"usable": found.usable, "problems": problems, "flow": flow})
    else:
        terminal.show_problems(found, limit)
    if not found.usable:
        raise typer.Exit(1)


@app.command(epilog="Example: predictor train study.yaml --data cohort.csv --out runs/first")
def train(
    config: Annotated[str, typer.Argument(help="YAML file, or the name of a shipped one.")],
    data: Annotated[Path | None, typer.Option(help="Cohort; overrides cohort.file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Bundle folder; overrides output.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Parallel processes; every core by default.")
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Compare the models of a configuration, explain the chosen one, track it, bundle it."""
    from predictor.workflow.train import train as run

    with terminal.progress_bar(quiet=output is Format.json) as progress:
        finished = run(config, data, out=out, workers=workers, progress=progress)
    if output is Format.json:
        _json(finished.to_dict())
        if finished.tracking_error is not None:
            terminal.show_error(finished.tracking_error)
    else:
        terminal.show_training(finished)


@app.command(epilog="Example: predictor predict patient.json --model runs/first")
def predict(
    patient: Annotated[Path, typer.Argument(help="One: JSON, YAML. Many: CSV, Parquet.")],
    model: Annotated[str, typer.Option(help="Bundle folder, or the name of a shipped one.")],
    out: Annotated[Path | None, typer.Option(help="Write answers: .json, .csv, .parquet.")] = None,
    decimal: Annotated[str, typer.Option(help="Decimal sign of a CSV file: . or ,")] = ".",
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Leave columns unread that no variable names.")
    ] = False,
    waterfall: Annotated[
        Path | None, typer.Option(help="Write the explanation of one patient as PNG.")
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Predict one patient or many. Exits 1 if every patient is refused."""
    from predictor.workflow.predict import TableAnswers, predict_file, write_answers

    if decimal not in (".", ","):
        raise typer.BadParameter("must be . or ,", param_hint="--decimal")
    found = predict_file(patient, model, decimal=decimal, ignore_unknown=ignore_unknown)
    answers = found.answers if isinstance(found, TableAnswers) else found
    if out is not None:
        write_answers(answers, out)
    if waterfall is not None:
        if isinstance(found, TableAnswers):
            raise typer.BadParameter("is for one patient", param_hint="--waterfall")
        from predictor.workflow.waterfall import write_waterfall

        write_waterfall(found, waterfall)
    if output is Format.json:
        _json(answers.to_dict())
    elif isinstance(found, TableAnswers):
        terminal.show_predictions(found.answers, found.ignored)
    else:
        terminal.say(str(found))
    if isinstance(found, TableAnswers) and not found.answers.predictions:
        raise typer.Exit(1)


@app.command(epilog="Example: predictor inspect runs/first")
def inspect(
    model: Annotated[str, typer.Argument(help="Bundle folder, or the name of a shipped one.")],
    output: FormatOption = Format.text,
) -> None:
    """Show what is inside a bundle, checked but without running it."""
    from predictor.fitted.bundle import check_files, locate_bundle, read_manifest

    folder = locate_bundle(model)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    if output is Format.json:
        _json(manifest)
    else:
        terminal.show_bundle(manifest, str(folder))


@app.command(epilog="Example: predictor track runs/first --uri http://127.0.0.1:5000")
def track(
    bundle: Annotated[str, typer.Argument(help="Bundle whose run was not sent.")],
    uri: Annotated[
        str | None, typer.Option(help="MLflow store; by default MLFLOW_TRACKING_URI or mlflow.db.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Experiment of the run.")] = None,
    register_as: Annotated[str | None, typer.Option(help="Name in the model registry.")] = None,
    output: FormatOption = Format.text,
) -> None:
    """Send a finished run to an MLflow store."""
    from dataclasses import asdict

    from predictor.workflow.track import track as send

    sent = send(bundle, uri=uri, experiment=experiment, register_as=register_as)
    if output is Format.json:
        _json(asdict(sent))
    else:
        terminal.say(
            f"Sent to {sent.tracking_uri}, experiment {sent.experiment}, run {sent.run_id}"
        )


if __name__ == "__main__":
    main()
