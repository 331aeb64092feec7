"""Commands for what comes after training: patients who took no part in it."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, answer_is_no, as_format, command, print_json


@command("predictor validate runs/first second_hospital.csv --mapping second_hospital.yaml")
@click.argument("model")
@click.argument("cohort", type=FILE)
@click.option(
    "--mapping", type=FILE, help="Where the patients come from, and how the file writes them."
)
@click.option(
    "--out", type=FILE, help="Folder of the new version of the bundle; its own place by default."
)
@click.option("--dry-run", is_flag=True, help="Record nothing.")
@click.option("--save", type=FILE, help="Also write every figure: .json.")
@as_format
def validate(
    model: str,
    cohort: Path,
    mapping: Path | None,
    out: Path | None,
    dry_run: bool,
    save: Path | None,
    output: str,
) -> None:
    """Validate a model on patients who took no part in making it.

    MODEL is a bundle folder, the name of a shipped one, or models:/NAME@ALIAS of a registered one,
    COHORT a CSV, Excel or Parquet file with one row per patient and the outcome. Nothing is
    refitted; the result becomes part of the bundle, whose version goes up.
    """
    from predictor.report.external_text import external_text
    from predictor.workflow.files import check_suffix, check_targets
    from predictor.workflow.validate import validate as run
    from predictor.workflow.validate import write_validation

    if dry_run and out is not None:
        raise click.UsageError("--dry-run records nothing, so --out has nothing to hold.")
    if save is not None:
        check_suffix(save, ".json")
        check_targets([save], read=[p for p in (cohort, mapping) if p is not None])
    done = run(model, cohort, mapping=mapping, out=out, record=not dry_run)
    if save is not None:
        write_validation(done, save)
    if output == "json":
        print_json(done.to_dict())
        return
    for part in external_text(done.found):
        if "\n" in part:
            terminal.say(part)
        else:
            terminal.say_wrapped(part)
    terminal.say("")
    terminal.say_wrapped(f"Level of evidence: {done.level}.")
    if done.recorded is not None:
        terminal.say(f"Recorded as version {done.version}: {done.recorded}")
    elif done.why_not:
        terminal.say_wrapped(f"Not recorded: {done.why_not}. Give another place: --out FOLDER.")


@command("predictor update runs/first second_hospital.csv --method auto --out runs/updated")
@click.argument("model")
@click.argument("cohort", type=FILE)
@click.option(
    "--method",
    type=click.Choice(["auto", "intercept", "logistic", "refit"]),
    default="auto",
    show_default=True,
    help="What is changed; auto takes the least that the patients ask for.",
)
@click.option("--out", type=FILE, required=True, help="Folder of the updated model.")
@click.option("--mapping", type=FILE, help="How the file writes what the model needs.")
@as_format
def update(
    model: str, cohort: Path, method: str, out: Path, mapping: Path | None, output: str
) -> None:
    """Update a model by patients from elsewhere.

    MODEL is a bundle folder, the name of a shipped one, or models:/NAME@ALIAS of a registered one,
    COHORT a CSV, Excel or Parquet file with one row per patient and the outcome. The old model
    stays as it is.
    """
    from predictor.report.update_text import update_text
    from predictor.workflow.update import update as run

    with terminal.progress_bar() as progress:
        done = run(
            model,
            cohort,
            out=out,
            method=method,
            mapping=mapping,
            progress=progress,
        )
    if output == "json":
        print_json(done.to_dict())
        return
    for part in update_text(done.to_dict()):
        if "\n" in part:
            terminal.say(part)
        else:
            terminal.say_wrapped(part)


@command("predictor monitor runs/first --reference cohort.csv --new october.csv --out october.html")
@click.argument("model")
@click.option("--reference", type=FILE, required=True, help="Cohort that was as it should be.")
@click.option("--new", type=FILE, required=True, help="New patients, with or without outcomes.")
@click.option("--mapping", type=FILE, help="How both files write what the model needs.")
@click.option("--time", metavar="COLUMN", help="Puts the new patients in order.")
@click.option(
    "--batch", type=int, default=50, show_default=True, help="Patients in a batch of the chart."
)
@click.option(
    "--alpha", type=float, default=0.01, show_default=True, help="Chance of any false alarm."
)
@click.option(
    "--smallest", type=float, default=0.1, show_default=True, help="Smallest alarming distance."
)
@click.option("--out", type=FILE, help="Also write a page (.html) or data (.json).")
@as_format
def monitor(
    model: str,
    reference: Path,
    new: Path,
    mapping: Path | None,
    time: str | None,
    batch: int,
    alpha: float,
    smallest: float,
    out: Path | None,
    output: str,
) -> None:
    """Watch whether patients stay those a model was made for.

    MODEL is a bundle folder, the name of a shipped one, or models:/NAME@ALIAS of a registered one.
    Exits with 1 on alarm, for a cron job.
    """
    from predictor.report.monitor_text import monitor_text
    from predictor.workflow.files import check_suffix, check_targets
    from predictor.workflow.monitor import SUFFIXES, write_monitored
    from predictor.workflow.monitor import monitor as run

    if out is not None:
        check_suffix(out, *SUFFIXES)
        check_targets([out], read=[p for p in (reference, new, mapping) if p is not None])
    found = run(
        model,
        reference,
        new,
        mapping=mapping,
        time=time,
        batch=batch,
        alpha=alpha,
        smallest=smallest,
    )
    if out is not None:
        write_monitored(found, out)
    if output == "json":
        print_json(found.to_dict())
    else:
        for part in monitor_text(found.to_dict()):
            if "\n" in part:
                terminal.say(part)
            else:
                terminal.say_wrapped(part)
    if found.alarms:
        answer_is_no()
