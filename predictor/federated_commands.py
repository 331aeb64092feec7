"""Commands for centres that share no rows: each summarises, and a coordinator combines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from predictor import terminal
from predictor.command import FILE, as_format, command, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable


@command("predictor summarise runs/first cohort.csv --name izmir --out izmir.json")
@click.argument("model")
@click.argument("cohort", type=FILE, required=False)
@click.option("--mapping", type=FILE, help="How the file writes what the model needs.")
@click.option("--data", type=FILE, help="The centre's rows, for a round of a pooled fit.")
@click.option("--round", "round_file", type=FILE, help="What the coordinator sent.")
@click.option("--name", help="Name of the centre; that of its file by default.")
@click.option("--out", type=FILE, required=True, help="What is sent back: .json.")
@as_format
def summarise(
    model: str,
    cohort: Path | None,
    mapping: Path | None,
    data: Path | None,
    round_file: Path | None,
    name: str | None,
    out: Path,
    output: str,
) -> None:
    """Tell counts and figures of one centre, and no row.

    MODEL is a bundle, tried on the patients of COHORT for a validation in several centres. With
    --round, MODEL is the configuration of a study, and sums for a pooled fit are told instead.

    Hand out one summary of your patients, not a second one of nearly the same: together they tell
    of those in whom they differ.
    """
    from predictor.report.shared_text import answer_text, overlap_text, summary_text
    from predictor.workflow.exchange import write_sealed
    from predictor.workflow.files import check_suffix, check_targets

    rows = cohort if cohort is not None else data
    if rows is None or (cohort is not None and data is not None):
        raise click.UsageError("Give the centre's rows once: COHORT, or --data with --round.")
    if round_file is not None and mapping is not None:
        raise click.UsageError("With --round the configuration says how the file is written.")
    check_suffix(out, ".json")
    check_targets([out], read=[rows, mapping, round_file, model])
    if round_file is None:
        from predictor.workflow.earlier_summaries import of_other_patients
        from predictor.workflow.summarise import summarise as run

        found = run(model, rows, mapping=mapping, name=name)
        others = of_other_patients(out, found)
        text = summary_text(found, str(out), others)
        if others and output == "json":
            terminal.note(overlap_text(others))
    else:
        from predictor.workflow.shared_answer import answer

        found = answer(model, rows, round_file, name=name)
        text = answer_text(found, str(out))
    write_sealed(out, found)
    if output == "json":
        print_json(found)
    else:
        _say(text)


@command("predictor combine centre_*.json --out pooled.html")
@click.argument("files", type=FILE, nargs=-1)
@click.option("--start", metavar="CONFIG", help="Begin a pooled fit of this study.")
@click.option(
    "--folds",
    type=click.Choice(["patients", "centres"]),
    default=None,
    help="With --start: what folds consist of; patients by default.",
)
@click.option("--round", "round_file", type=FILE, help="The round that FILES answer.")
@click.option("--out", type=FILE, help="The next round (.json), the bundle, or a page (.html).")
@as_format
def combine(
    files: tuple[Path, ...],
    start: str | None,
    folds: str | None,
    round_file: Path | None,
    out: Path | None,
    output: str,
) -> None:
    """Put together what centres told of themselves.

    FILES are summaries of one model, for a validation by random effects; or with --round the
    answers of all centres, for the next round of a pooled fit. What comes next is always told.
    """
    from predictor.report.pooled_page import pooled_text
    from predictor.report.shared_text import finished_text, round_text
    from predictor.workflow.combine import next_round, pool, start_fit
    from predictor.workflow.shared_bundle import Finished

    if folds is not None and start is None:
        raise click.UsageError("--folds is fixed by --start, for all rounds.")
    if start is not None and (files or round_file is not None):
        raise click.UsageError("--start begins a fit, so there are no answers yet.")
    if out is None and (start is not None or round_file is not None):
        raise click.UsageError("Say where the next round goes: --out round_N.json.")
    if start is None and not files:
        raise click.UsageError("Give the files of all centres, or begin: --start CONFIG.")
    if out is not None and start is not None:
        begun = start_fit(start, out, "centres" if folds == "centres" else "patients")
        found, text = begun.to_dict(), round_text(begun.to_dict())
    elif out is not None and round_file is not None:
        done = next_round(files, round_file, out)
        found = done.to_dict()
        text = finished_text(found) if isinstance(done, Finished) else round_text(found)
    else:
        found = pool(files, out)
        text = pooled_text(found)
    if output == "json":
        print_json(found)
    else:
        _say(text)


def _say(parts: Iterable[str]) -> None:
    for part in parts:
        if "\n" in part or part.startswith("  "):
            terminal.say(part)
        else:
            terminal.say_wrapped(part)
