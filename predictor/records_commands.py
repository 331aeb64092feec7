"""The command that makes a cohort from visits."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, as_format, command, print_json


@command("predictor cohort sle_from_visits --data visits.csv --out cohort.parquet")
@click.argument("config")
@click.option("--data", type=FILE, help="Visits; overrides what the configuration names.")
@click.option("--out", type=FILE, required=True, help="Cohort file: .csv or .parquet.")
@as_format
def cohort(config: str, data: Path | None, out: Path, output: str) -> None:
    """Make a cohort from visits: one checked row per patient.

    CONFIG says under `cohort` where the visits are, which one is the index visit, what counts as
    known there and what is looked for afterwards. A data dictionary is written beside the cohort.
    All problems of the visits are listed at once, and nothing is written then.
    """
    from predictor.report.cohort_text import cohort_text
    from predictor.workflow.cohort import write_cohort_file

    done = write_cohort_file(config, data, out=out)
    if output == "json":
        print_json(done.to_dict())
    else:
        for line in cohort_text(done.to_dict()):
            # What stands behind a count is folded beneath itself.
            terminal.say_wrapped(line, indent=11 if line.startswith(" ") else 2)
