"""The command that sets runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, as_format, command, print_json


@command("predictor compare runs/first runs/second --out comparison.html")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--out", type=FILE, help="Also write a page (.html), a table (.csv) or data (.json).")
@as_format
def compare(runs: tuple[str, ...], out: Path | None, output: str) -> None:
    """Set runs side by side, and say which of them can be compared.

    RUN is a bundle folder, the name of a shipped one, or a file report.json. Nothing is put in
    order, and the best figure of several is too good.
    """
    from predictor.report.comparison_text import comparison_text
    from predictor.workflow.compare import check_place, compare_runs, write_comparison

    if len(runs) < 2:
        raise click.UsageError("Name at least two runs.")
    if out is not None:
        check_place(out, runs)
    found = compare_runs(runs)
    if out is not None:
        write_comparison(found, out)
    if output == "json":
        print_json(found.to_dict())
        return
    for part in comparison_text(found, terminal.width()):
        if "\n" in part:
            terminal.say(part)
        else:
            terminal.say_wrapped(part)
    if out is not None:
        terminal.say(f"Written: {out}")
