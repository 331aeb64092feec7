"""The command that puts the patients of a cohort in order."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, answer_is_no, as_format, command, decimal_sign, print_json


@command("predictor candidates runs/first cohort.csv --threshold 0.4 --out candidates.html")
@click.argument("model")
@click.argument("cohort", type=FILE)
@click.option("--state", help="Of a model of several states the one to order by; else the best.")
@click.option("--threshold", type=float, help="Select from this probability on: 0.4, say.")
@click.option(
    "--budget",
    type=float,
    help="Select down the order as long as this sum lasts, in the currency of --prices.",
)
@click.option(
    "--prices",
    metavar="FILE",
    help="Dose, courses and price per gram (YAML), or the name of the shipped example.",
)
@click.option("--out", type=FILE, help="Also write every patient: .csv, .json or .html.")
@click.option("--figure", type=FILE, help="Also draw every patient with interval and cut: .png.")
@click.option(
    "--demonstration", is_flag=True, help="Let a model of simulated patients pass; not for care."
)
@decimal_sign
@click.option("--ignore-unknown", is_flag=True, help="Leave columns unread that are no variables.")
@as_format
def candidates(
    model: str,
    cohort: Path,
    state: str | None,
    threshold: float | None,
    budget: float | None,
    prices: str | None,
    out: Path | None,
    figure: Path | None,
    demonstration: bool,
    decimal: str,
    ignore_unknown: bool,
    output: str,
) -> None:
    """Order the patients of a cohort by their predicted outcome.

    MODEL is a bundle folder, the name of a shipped one, or models:/NAME@ALIAS; COHORT a table
    (CSV, Parquet) with a row for each patient. The order is one of prognosis: it does not say who
    should be treated, and contraindications are not checked. Exits with 1 if nobody can be ranked.
    """
    from predictor.fitted.bundle import locate_bundle
    from predictor.report.candidates_text import candidates_text
    from predictor.workflow.candidates import (
        FIGURE_SUFFIX,
        SUFFIXES,
        candidates_file,
        candidates_json,
        write_candidates,
        write_candidates_figure,
    )
    from predictor.workflow.files import check_suffix, check_targets

    if out is not None:
        check_suffix(out, *SUFFIXES)
    if figure is not None:
        check_suffix(figure, FIGURE_SUFFIX)
    check_targets((out, figure), read=[cohort, prices], bundle=locate_bundle(model))
    found = candidates_file(
        cohort,
        model,
        threshold=threshold,
        budget=budget,
        prices=prices,
        demonstration=demonstration,
        decimal=decimal,
        ignore_unknown=ignore_unknown,
        state=state,
    )
    if out is not None:
        write_candidates(found, out)
    if figure is not None and (found.candidates or found.outside):
        write_candidates_figure(found, figure)
    if output == "json":
        print_json(candidates_json(found))
    else:
        for part in candidates_text(found, terminal.width()):
            if "\n" in part:
                terminal.say(part)
            else:
                terminal.say_wrapped(part)
    if figure is not None and not (found.candidates or found.outside):
        terminal.note("predictor: nobody has a probability, so no figure was drawn")
    if not found.candidates:
        answer_is_no()
