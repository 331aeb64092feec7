"""Section *Centres*: a model that was fitted to patients of several centres without their rows."""

from __future__ import annotations

from collections.abc import Iterator

from predictor.report.contents.numbers_text import two
from predictor.report.contents.pooled_centres import pooled_blocks
from predictor.report.contents.source import Source
from predictor.report.document import Block, Column, Paragraph, Section, Table

INTRO = (
    "This model was fitted to {n:,} patients of {centres} centres that told sums and no row, in "
    "{exchanges} exchanges of files. The fit is the one that all rows together would have given; "
    "what needs rows (tables of patients, curves, intervals for a patient) is missing."
)
PATIENTS = (
    "Each patient was predicted by a fit without the fold the patient is in; {folds} folds by "
    "rule. The figures are those of centres that took part: a further one may do worse."
)
CENTRES = "Each centre was predicted by a fit to the others."
FIGURES = (
    "Over all patients: log loss {log_loss:.4f}, Brier score {brier:.4f}, observed over expected "
    "{ratio}."
)
NESTED = "The penalty was chosen anew without each fold that was validated on."
NOT_NESTED = (
    "With two folds no penalty could be chosen without the fold it is validated on; the middle of "
    "the grid stands in."
)
PENALTIES = "Penalties by log loss on patients that were left out; {penalty:g} was chosen"


def federated(source: Source) -> Section:
    """Who took part, how it was validated, and what each centre told.

    Parameters
    ----------
    source
        The bundle of a pooled fit, opened.
    """
    return Section("federated", "Centres", tuple(_blocks(source)))


def _blocks(source: Source) -> Iterator[Block]:
    found = source.manifest["federated"]
    count = len(found["centres"])
    yield Paragraph(INTRO.format(n=found["n"], centres=count, exchanges=found["exchanges"]))
    yield Paragraph(
        CENTRES if found["folds"] == "centres" else PATIENTS.format(folds=found["fold_count"])
    )
    yield Paragraph(NESTED if found["choice"]["nested"] else NOT_NESTED)
    told = {key: found[key] for key in ("log_loss", "brier")}
    yield Paragraph(FIGURES.format(ratio=two(found["observed_expected"]), **told))
    yield from pooled_blocks(found, "federated")
    yield Table(
        "federated-penalties",
        PENALTIES.format(penalty=found["penalty"]),
        (
            Column("penalty", "Lambda", "number", digits=3),
            Column("log_loss", "Log loss", "number", digits=4),
        ),
        tuple(found["choice"]["losses"]),
    )
