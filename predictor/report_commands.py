"""The command that writes the report of a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, as_format, command, decimal_sign, print_json


@command("predictor report runs/first --out report.html")
@click.argument("model")
@click.option(
    "--out",
    type=FILE,
    help="Folder for all files, or a file (.html, .json, .md); by default the bundle itself.",
)
@click.option(
    "--patients",
    type=FILE,
    metavar="COHORT",
    help="Also draw the effects in these real patients (CSV, Parquet); needs --out.",
)
@click.option(
    "--pdf",
    type=FILE,
    help="Print the page to this file (.pdf) with Chromium; without --out nothing else is written.",
)
@decimal_sign
@as_format
def report(
    model: str,
    out: Path | None,
    patients: Path | None,
    pdf: Path | None,
    decimal: str,
    output: str,
) -> None:
    """Write the report of a bundle again, from the bundle alone.

    MODEL is a bundle folder, or the name of a shipped one or models:/NAME@ALIAS of a registered
    one, which need --out. Neither the model nor its digest changes.
    """
    if pdf is None:
        from predictor.workflow.report import report_file

        written = report_file(model, out, patients=patients, decimal=decimal)
    else:
        from predictor.workflow.pdf import report_pdf

        written = report_pdf(model, pdf, out, patients=patients, decimal=decimal)
    if output == "json":
        print_json(written.to_dict())
        return
    terminal.say_wrapped(written.report.verdict.headline)
    for path in written.files:
        terminal.say(f"Written: {path}")
    if written.kept is not None:
        terminal.note(
            f"predictor: {written.kept} stays as it is, because the manifest holds its digest"
        )
    for sentence in written.report.missing:
        terminal.note(f"predictor: {sentence}")
