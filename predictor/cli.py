"""The command line: arguments in, results and exit codes out.

0: done. 1: the answer is no (problems found, every patient refused). 2: bad usage or bad input.
Results go to stdout, progress and errors to stderr. What a command needs is imported when it
runs, so that a prediction does not wait for what only training needs; for the same reason the
library is click itself, which costs a third of what typer with pydantic does.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

import predictor.candidate_commands
import predictor.cohort_commands
import predictor.compare_commands
import predictor.external_commands
import predictor.federated_commands
import predictor.outcome_commands
import predictor.performance_commands
import predictor.plan_commands
import predictor.records_commands
import predictor.registry_commands
import predictor.report_commands
import predictor.service_commands  # noqa: F401 - their commands join the group
from predictor import terminal
from predictor.command import (
    FILE,
    Terminated,
    answer_is_no,
    app,
    as_format,
    command,
    decimal_sign,
    end_when_asked,
    print_json,
    print_json_file,
)
from predictor.errors import BundleError, CopyWarning, PredictorError

if TYPE_CHECKING:
    from datetime import datetime

    from predictor.workflow.patient_report import PatientPages

_KEPT_IN_MEMORY = 8 * 1024 * 1024


def main() -> None:
    """Run the command line; what users can do wrong never shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no micro sign gets an escape for it, not an error.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    if sys.stdout is None:  # closed by whoever started us (`>&-`): before any work and any file
        rule = "it is closed, so the result cannot be written"
        _end_with(PredictorError("standard output", rule, "Give it a place: > FILE."))
    warnings.showwarning = _show_warning
    try:
        with app.make_context("predictor", sys.argv[1:]) as context:
            app.invoke(context)
        terminal.flush()
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except PredictorError as error:
        _end_with(error)
    except (KeyboardInterrupt, click.Abort) as end:
        terminal.note("predictor: interrupted; nothing was left half-written")
        sys.exit(143 if isinstance(end, Terminated) else 130)
    except BrokenPipeError:  # the reader of a pipe left; not an error of ours
        terminal.silence()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - a fault of ours, told in one line
        _internal_error(error)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - Python's signature
    line: str | None = None,
) -> None:
    """Our own in a line, those of libraries as Python writes them."""
    if issubclass(category, CopyWarning):
        terminal.note(f"predictor: {message}")
    else:
        terminal.note(warnings.formatwarning(message, category, filename, lineno, line).rstrip())


def _end_with(error: PredictorError) -> NoReturn:
    terminal.show_error(error)
    sys.exit(2)


def _internal_error(error: Exception) -> NoReturn:
    if os.environ.get("PREDICTOR_DEBUG"):
        raise error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    terminal.note(
        f"predictor: internal error ({type(error).__name__}{place}). Please report it with the "
        "command; PREDICTOR_DEBUG=1 shows the whole trace, which may hold values."
    )
    sys.exit(70)


@command("predictor train study.yaml --data cohort.csv --out runs/first")
@click.argument("config")
@click.option("--data", type=FILE, help="Cohort; overrides cohort.file.")
@click.option("--out", type=FILE, help="Bundle folder; overrides output.")
@click.option(
    "--choose", metavar="MODEL", help="Bundle this candidate whatever the rule says; ridge, say."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Parallel processes; every core by default.",
)
@as_format
def train(
    config: str,
    data: Path | None,
    out: Path | None,
    choose: str | None,
    workers: int | None,
    output: str,
) -> None:
    """Compare models, explain the chosen one, track and bundle it.

    CONFIG is a YAML file, or the name of a shipped one.
    """
    end_when_asked()
    from predictor import terminal_states, terminal_time, terminal_training
    from predictor.workflow.state_run import StateTrainingRun
    from predictor.workflow.time_run import TimeTrainingRun
    from predictor.workflow.train import train as run

    with terminal.progress_bar() as progress:
        finished = run(config, data, out=out, choose=choose, workers=workers, progress=progress)
    if output == "json":
        print_json(finished.to_dict())
    elif isinstance(finished, StateTrainingRun):
        terminal_states.show_state_training(finished)
    elif isinstance(finished, TimeTrainingRun):
        terminal_time.show_time_training(finished)
    else:
        terminal_training.show_training(finished)
    if finished.tracking_error is not None:
        terminal.show_error(finished.tracking_error)


@command("predictor predict patient.json --model runs/first")
@click.argument("patient", type=FILE)
@click.option(
    "--model",
    required=True,
    help="Bundle folder, name of a shipped one, or models:/NAME@ALIAS of a registered one.",
)
@click.option("--out", type=FILE, help="Also write answers: .json, .csv or .parquet.")
@decimal_sign
@click.option("--ignore-unknown", is_flag=True, help="Leave columns unread that are no variables.")
@click.option("--waterfall", type=FILE, help="Write the explanation of one patient as PNG.")
@click.option(
    "--report",
    "pages",
    type=FILE,
    help="Write the answer as a page (.html, .pdf); of a table a folder with a page of each.",
)
@click.option(
    "--index-date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day of the prediction from a FHIR Bundle; by default that of its newest Observation.",
)
@click.option("--cluster", help="Answer the files of a folder on a Dask cluster: tcp://HOST:PORT.")
@as_format
def predict(
    patient: Path,
    model: str,
    out: Path | None,
    decimal: str,
    ignore_unknown: bool,
    waterfall: Path | None,
    pages: Path | None,
    index_date: datetime | None,
    cluster: str | None,
    output: str,
) -> None:
    """Predict one patient or many.

    PATIENT is one patient (JSON or YAML, also a FHIR R4 Bundle), a table of many (CSV,
    Parquet), or a folder of Parquet files, whose answers become the folder --out. Exits with 1
    if every patient is refused.
    """
    if cluster is not None or patient.is_dir():
        _only_out(patient, waterfall, pages, index_date)
        _predict_folder(patient, model, out, cluster, output, ignore_unknown=ignore_unknown)
        return
    from predictor.clinic.intake import is_table
    from predictor.clinic.prediction import Prediction
    from predictor.fitted.bundle import locate_bundle
    from predictor.workflow.answers import SUFFIXES
    from predictor.workflow.files import check_suffix, check_targets
    from predictor.workflow.predict import RecordAnswer, predict_file

    if out is not None:
        check_suffix(out, *SUFFIXES)
    if waterfall is not None:
        check_suffix(waterfall, ".png")
        if is_table(patient):
            raise click.UsageError("--waterfall draws one patient, and the file is a table.")
    check_targets((out, waterfall), read=[patient], bundle=locate_bundle(model))
    with ExitStack() as stack:
        whole = None
        sink = _page_of_each(pages, patient, model, stack)
        if output == "json" and is_table(patient):
            # Too many answers to be held; they are printed when they are whole.
            from tempfile import SpooledTemporaryFile

            whole = stack.enter_context(SpooledTemporaryFile(_KEPT_IN_MEMORY))
        found = predict_file(
            patient,
            model,
            decimal=decimal,
            ignore_unknown=ignore_unknown,
            index_date=index_date.date() if index_date else None,
            out=out,
            json_to=whole,
            pages=sink,
        )
        one = found.answer if isinstance(found, RecordAnswer) else found
        _write_page(one, pages)
        if waterfall is not None and isinstance(one, Prediction):
            from predictor.workflow.waterfall import write_waterfall

            write_waterfall(one, waterfall)
        terminal.show_notes(found)
        if whole is not None:
            print_json_file(whole)
        elif output == "json":
            print_json(found.to_dict())
        else:
            terminal.show_found(found)
    if not isinstance(found, Prediction) and not found.answered:
        answer_is_no()


def _only_out(patient: Path, *others: object) -> None:
    if not patient.is_dir():
        raise click.UsageError("--cluster is for a folder of Parquet files.")
    if any(others):
        raise click.UsageError("A folder gets --out only: no pages, no figure, no index date.")


def _predict_folder(
    folder: Path,
    model: str,
    out: Path | None,
    cluster: str | None,
    output: str,
    *,
    ignore_unknown: bool,
) -> None:
    from predictor.workflow.predict_parts import predict_folder

    if out is None:
        raise click.UsageError("A folder of files needs --out, the folder of their answers.")
    with terminal.progress_bar() as progress:
        found = predict_folder(
            folder,
            model,
            out,
            ignore_unknown=ignore_unknown,
            cluster=cluster,
            progress=progress,
        )
    if output == "json":
        print_json(found.to_dict())
    else:
        terminal.show_folder(found)
    if not found.answered:
        answer_is_no()


def _page_of_each(
    pages: Path | None, patient: Path, model: str, stack: ExitStack
) -> PatientPages | None:
    """What makes the pages of a table's patients; nothing where none are wanted, or one only."""
    if pages is None:
        return None
    from predictor.clinic.intake import is_table
    from predictor.workflow.patient_report import check_pages, patient_pages

    check_pages(pages, patient, model)
    return stack.enter_context(patient_pages(pages)) if is_table(patient) else None


def _write_page(answer: object, pages: Path | None) -> None:
    """Write the page of one patient, if one is wanted and there is an answer."""
    from predictor.clinic.prediction import Prediction

    if pages is not None and isinstance(answer, Prediction):
        from predictor.workflow.patient_report import write_patient

        write_patient(answer, pages)


@command("predictor inspect runs/first")
@click.argument("model")
@as_format
def inspect(model: str, output: str) -> None:
    """Show what is inside a bundle, checked but without running it.

    MODEL is a bundle folder, or the name of a shipped one.
    """
    from predictor import terminal_training
    from predictor.fitted.bundle import check_files, locate_bundle, read_manifest

    folder = locate_bundle(model)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    if output == "json":
        print_json(manifest)
    else:
        try:
            terminal_training.show_bundle(manifest, str(folder))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BundleError(
                str(folder), "its manifest says too little to be told", "See --format json."
            ) from None


@command("predictor track runs/first --uri http://127.0.0.1:5000")
@click.argument("bundle")
@click.option("--uri", help="MLflow store; by default MLFLOW_TRACKING_URI, else mlflow.db here.")
@click.option("--experiment", help="Experiment of the run.")
@click.option("--register-as", help="Name in the model registry.")
@as_format
def track(
    bundle: str, uri: str | None, experiment: str | None, register_as: str | None, output: str
) -> None:
    """Send the finished run of BUNDLE to an MLflow store."""
    from dataclasses import asdict

    from predictor.workflow.track import track as send

    sent = send(bundle, uri=uri, experiment=experiment, register_as=register_as)
    if output == "json":
        print_json(asdict(sent))
    else:
        terminal.say(
            f"Sent to {sent.tracking_uri}, experiment {sent.experiment}, run {sent.run_id}"
        )


if __name__ == "__main__":
    main()
