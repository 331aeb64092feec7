"""An external validation as a reader sees it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from predictor.clinical.units import readable_unit
from predictor.cohort.summaries import number_text
from predictor.report.evaluation_text import figures_table
from predictor.report.evaluation_words import sentences
from predictor.report.text_table import text_table
from predictor.validation.case_mix import CaseMix, VariableMix
from predictor.validation.external import ExternalValidation, statement
from predictor.validation.reached import Reached

UNDEFINED = "-"
CLEAR = 0.25
"""Difference in standard deviations from which a variable is called different; a convention
(Austin, Stat Med 2009;28:3083, takes 0.1 to 0.25)."""


def external_text(found: ExternalValidation) -> Iterator[str]:
    """Parts of the text, from the top.

    Yields
    ------
    A sentence, a table of several lines, or nothing for an empty line.
    """
    yield _flow(found)
    for name in found.absent:
        yield f"Not measured there, and filled in for everybody: {name}."
    yield ""
    yield figures_table(found.evaluation)
    yield ""
    yield from sentences(found.evaluation)
    yield ""
    yield from _mix(found.mix, found.evaluation.auroc.value if found.evaluation.auroc else None)
    yield ""
    yield _precision(found.reached)
    if found.by_centre is not None:
        yield ""
        yield from _centres(found)
    yield ""
    yield statement(found)


def _flow(found: ExternalValidation) -> str:
    steps = "; ".join(f"{step.step} {step.patients:,}" for step in found.flow)
    return f"{found.origin.name} ({found.source}): {steps}."


def _mix(mix: CaseMix, observed: float | None) -> Iterator[str]:
    rows = [_variable(one) for one in mix.variables]
    if rows:
        head = ("Mean (SD), or share", "Made from", "Here", "Difference, SD", "Missing here")
        yield text_table(head, rows)
        if any(
            one.difference is not None and abs(one.difference) >= CLEAR for one in mix.variables
        ):
            yield f"* {CLEAR:g} standard deviations or more."
    if mix.membership_c is not None:
        yield (
            f"Membership C statistic {mix.membership_c:.2f}: how well the predictors tell these "
            "patients from those the model was made from (0.5 not at all, 1 wholly)."
        )
    if mix.model_based_c is not None and observed is not None:
        yield (
            f"In patients such as these the model would have an AUROC of {mix.model_based_c:.2f} "
            f"if it were right; it has {observed:.2f}."
        )
    if mix.outside is not None:
        yield f"{mix.outside:.0%} of them are unlike the patients the model was made from."


def _is_clear(one: VariableMix) -> bool:
    return one.difference is not None and abs(one.difference) >= CLEAR


def _variable(one: VariableMix) -> Sequence[str]:
    beside = one.state or readable_unit(one.unit)
    label = f"{one.label}, {beside}" if beside else one.label
    mark = " *" if _is_clear(one) else ""
    return (
        label,
        _mean(one.development_mean, one.development_sd, one.state),
        _mean(one.mean, one.sd, one.state),
        UNDEFINED if one.difference is None else f"{one.difference:+.2f}{mark}",
        f"{one.missing:.0%}",
    )


def _mean(mean: float | None, sd: float | None, state: str | None) -> str:
    if mean is None or sd is None:
        return UNDEFINED
    if state is not None:
        return f"{mean:.0%}"
    digits = 0 if abs(mean) >= 100 else 1 if abs(mean) >= 10 else 2
    return f"{number_text(mean, digits)} ({number_text(sd, digits)})"


def _precision(rows: Sequence[Reached]) -> str:
    head = ("Precise enough", "Came out", "Met", "Patients needed")
    body = [
        (
            row.label,
            UNDEFINED if row.width is None else f"{row.width:.2f} wide",
            "yes" if row.met else "no",
            UNDEFINED if row.needed is None else f"{row.needed:,}",
        )
        for row in rows
    ]
    return text_table(head, body)


def _centres(found: ExternalValidation) -> Iterator[str]:
    assert found.by_centre is not None  # noqa: S101 - asked before
    told = found.by_centre.to_dict(found.cell_size)
    rows = [
        (
            str(row["centre"]),
            "masked" if row["masked"] else f"{row['n']:,}",
            _figure(row, "auroc"),
            _figure(row, "observed_expected"),
            _figure(row, "calibration_slope"),
        )
        for row in told["centres"]
    ]
    yield text_table(("Centre", "Patients", "AUROC", "Observed / expected", "Slope"), rows)
    for row in told["summaries"]:
        if row["mean"] is not None and row["figure"] in ("auroc", "observed_expected"):
            yield (
                f"Over {row['centres']} centres, {row['figure']}: {row['mean']:.2f} "
                f"({row['low']:.2f} to {row['high']:.2f})."
            )


def _figure(row: dict[str, float | None], name: str) -> str:
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return UNDEFINED
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
