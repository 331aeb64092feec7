"""Commands about performance: how good predictions are, whoever made them."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, as_format, command, print_json


@command("predictor evaluate predictions.csv --outcome remission --probability p")
@click.argument("file", type=FILE)
@click.option("--outcome", required=True, metavar="COLUMN", help="What happened: 1 or 0.")
@click.option(
    "--probability", required=True, metavar="COLUMN", help="What was predicted: from 0 to 1."
)
@click.option("--event", metavar="VALUE", help="Value of the outcome that is the event, if not 1.")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    type=float,
    help="Probability from which a row counts as positive; can be repeated.  [default: 0.25, 0.5, "
    "0.75]",
)
@click.option("--by", metavar="COLUMN", help="Also evaluate the subgroups of this column.")
@click.option("--compare", metavar="COLUMN", help="Probabilities of a second model.")
@click.option(
    "--patient", metavar="COLUMN", help="Identifier, where a patient may have several rows."
)
@click.option(
    "--cell-size",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Mask subgroups with fewer patients, events or non-events; 0 shows all.",
)
@click.option(
    "--drop-missing",
    is_flag=True,
    help="Leave rows without outcome or probability out; count them.",
)
@click.option(
    "--missing", multiple=True, metavar="TEXT", help="Further spelling of a missing value."
)
@click.option(
    "--decimal",
    type=click.Choice([".", ","]),
    default=".",
    show_default=True,
    help="Decimal sign of numbers in text.",
)
@click.option(
    "--delimiter",
    type=click.Choice(["auto", ",", ";", "tab", "|"]),
    default="auto",
    show_default=True,
    help="Column separator of a CSV file.",
)
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of a CSV file.")
@click.option("--sheet", metavar="NAME", help="Sheet of an Excel file; the first by default.")
@click.option("--out", type=FILE, help="Also write every figure: .json or .csv.")
@click.option("--figure", type=FILE, help="Also draw calibration, ROC and decision curve: .png.")
@as_format
def evaluate(
    file: Path,
    outcome: str,
    probability: str,
    event: str | None,
    thresholds: tuple[float, ...],
    by: str | None,
    compare: str | None,
    patient: str | None,
    cell_size: int,
    drop_missing: bool,
    missing: tuple[str, ...],
    decimal: str,
    delimiter: str,
    encoding: str,
    sheet: str | None,
    out: Path | None,
    figure: Path | None,
    output: str,
) -> None:
    """Evaluate the predictions of any model.

    FILE is a CSV, Excel or Parquet file with a row per prediction: what happened, and the
    probability that was predicted. The figures hold for patients who took no part in making the
    model.
    """
    from predictor.report.evaluation_text import evaluation_text
    from predictor.workflow.evaluate import (
        FIGURE_SUFFIX,
        SUFFIXES,
        evaluate_file,
        write_evaluation,
        write_evaluation_figure,
    )
    from predictor.workflow.files import check_suffix, check_targets

    if out is not None:
        check_suffix(out, *SUFFIXES)
    if figure is not None:
        check_suffix(figure, FIGURE_SUFFIX)
    check_targets((out, figure), read=[file])
    found = evaluate_file(
        file,
        outcome=outcome,
        probability=probability,
        event=event,
        **({"thresholds": thresholds} if thresholds else {}),
        by=by,
        compare=compare,
        patient=patient,
        cell_size=cell_size,
        drop_missing=drop_missing,
        missing=missing,
        decimal=decimal,
        delimiter=delimiter,
        encoding=encoding,
        sheet=0 if sheet is None else sheet,
    )
    if out is not None:
        write_evaluation(found, out)
    if figure is not None:
        write_evaluation_figure(found, figure)
    if output == "json":
        print_json(found.to_dict())
        return
    for part in evaluation_text(found, terminal.width()):
        if "\n" in part:
            terminal.say(part)
        else:
            terminal.say_wrapped(part)
