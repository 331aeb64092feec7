"""Performance in tables: apparent, cross-validated and corrected; all candidates; the signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents import performance_words as words
from predictor.report.contents.numbers_text import absent, counted, two
from predictor.report.contents.signal_text import p_text, signal_lines
from predictor.report.contents.source import Source
from predictor.report.document import Block, Column, Fact, Facts, Figure, Listing, Paragraph, Table
from predictor.report.validation_text import choice_text, figure_name, headline, limit_lines
from predictor.validation.reported import (
    CROSS_VALIDATED,
    WIDEST_SLOPE,
    is_flexible,
    slope_is_readable,
    with_reported,
)

_Row = Mapping[str, Any]

_IDEAL = {
    "auroc": 1.0,
    "brier": 0.0,
    "scaled_brier": 1.0,
    "calibration_intercept": 0.0,
    "calibration_slope": 1.0,
    "observed_expected": 1.0,
    "eavg": 0.0,
}
_ALSO = {"observed_expected": "Observed over expected events"}
_CLOSE = 0.1  # of a standard error
_CROSS_VALIDATED = ("auroc", "brier", "scaled_brier", "calibration_intercept", "calibration_slope")
_LOST = (
    "{lost:,} of {drawn:,} resamples were left out: {one_class:,} with one outcome only, "
    "{separated:,} separated, {not_fitted:,} not fitted."
)


def validation_of(source: Source) -> _Row:
    """What the manifest says of the validation; empty for a bundle without."""
    found: _Row = source.manifest.get("validation") or {}
    return found


def bootstrap_of(source: Source) -> _Row:
    """The bootstrap of the chosen model; empty where it was left out."""
    validation: _Row = with_reported(source.manifest).get("validation") or {}
    found: _Row = validation.get("bootstrap") or {}
    return found


def chosen_of(source: Source) -> _Row:
    """The chosen model's row of the comparison; empty where there is none."""
    rows = validation_of(source).get("models") or ()
    return next((row for row in rows if row["chosen"]), {})


def label_of(source: Source) -> str:
    """What people call the model."""
    return str(source.manifest["model"].get("label", "the model"))


def is_prevalence(source: Source) -> bool:
    """Whether everybody gets the same probability."""
    return bool(source.manifest["model"].get("candidate") == "prevalence")


def figures(source: Source) -> Iterator[Block]:
    """Apparent, cross-validated and corrected figures side by side."""
    bootstrap, chosen = bootstrap_of(source), chosen_of(source)
    if not bootstrap and not chosen:
        yield absent("figures of its performance")
        return
    unit, label = counted(source.manifest), label_of(source)
    if is_prevalence(source):
        yield Paragraph(words.OF_THE_PREVALENCE.format(unit=unit))
    if bootstrap:
        said = headline(bootstrap, label)
        if said:
            yield Paragraph(said)
        rows = tuple(_figure_rows(bootstrap, _prevalence(source)))
    else:
        yield Paragraph(words.CROSS_VALIDATED_ONLY, "warning")
        rows = tuple(_cross_validated_rows(chosen))
    yield Table(
        "performance-figures-table",
        words.FIGURES.format(label=label),
        (
            Column("label", "Figure"),
            Column("apparent", "Apparent", "number"),
            Column("cross_validated", "Cross-validated (95% interval)", "interval"),
            Column("corrected", "Corrected (95% interval)", "interval"),
            Column("by", "Corrected by"),
            Column("ideal", "Best possible", "number"),
        ),
        rows,
        note=words.FIGURES_NOTE.format(one=unit.removesuffix("s")),
    )
    lines = [*_corrections(source), *_lost(bootstrap), *limit_lines(bootstrap)] if bootstrap else []
    if lines:
        yield Listing(tuple(lines))


def _prevalence(source: Source) -> float | None:
    """Share of events among the rows that were analysed: what net benefit can reach at most."""
    cohort = source.manifest.get("cohort", {})
    if not cohort.get("patients") or cohort.get("events") is None:
        return None
    return float(cohort["events"] / cohort["patients"])


def _figure_rows(bootstrap: _Row, prevalence: float | None) -> Iterator[_Row]:
    for row in bootstrap["figures"]:
        called = _ALSO.get(row["name"]) or figure_name(row)
        if called is None:
            continue
        kept = {key: row.get(key) for key in _KEYS}
        ideal = prevalence if row["threshold"] is not None else _IDEAL.get(row["name"])
        by = words.CORRECTED_BY.get(row["corrected_by"]) if row["corrected"] is not None else None
        yield {"label": called, **kept, "by": by, "ideal": ideal}
        if row["threshold"] is not None and prevalence is not None:
            yield _acting_in_everybody(row["threshold"], prevalence)


def _acting_in_everybody(threshold: float, prevalence: float) -> _Row:
    """What the net benefit of the model has to beat, beside 0 for acting in nobody."""
    benefit = prevalence - (1.0 - prevalence) * threshold / (1.0 - threshold)
    label = words.EVERYBODY.format(percent=f"{100 * threshold:g}%")
    name = f"treat_all_{threshold:g}"
    return {"label": label, "name": name, "threshold": threshold, "apparent": benefit}


_KEYS = (
    "name",
    "threshold",
    "apparent",
    "cross_validated",
    "cross_validated_low",
    "cross_validated_high",
    "optimism",
    "harrell",
    "oob",
    "b632plus",
    "corrected",
    "corrected_by",
    "corrected_low",
    "corrected_high",
    "resamples",
)


def _cross_validated_rows(chosen: _Row) -> Iterator[_Row]:
    for name in _CROSS_VALIDATED:
        called = figure_name({"name": name, "threshold": None})
        found = {
            f"cross_validated{end}": chosen.get(f"{name}{end}") for end in ("", "_low", "_high")
        }
        yield {"label": called, "name": name, **found, "ideal": _IDEAL[name]}


def _corrections(source: Source) -> Iterator[str]:
    """Why a figure is not corrected as others are, and where it says nothing."""
    rows: dict[str, _Row] = {row["name"]: row for row in bootstrap_of(source)["figures"]}
    slope = rows.get("calibration_slope", {})
    if is_flexible(source.manifest):
        yield words.FLEXIBLE.format(label=label_of(source))
    elif slope.get("corrected_by") == CROSS_VALIDATED:
        yield words.SLOPE_ACROSS.format(
            harrell=two(slope["harrell"]),
            across=two(slope["cross_validated"]),
            apparent=two(slope["apparent"]),
        )
    if not slope_is_readable(slope.get("corrected_low"), slope.get("corrected_high")):
        yield words.SLOPE_UNREADABLE.format(widest=WIDEST_SLOPE, unit=counted(source.manifest))


def _lost(bootstrap: _Row) -> Iterator[str]:
    counts = bootstrap["resamples"]
    lost = counts["drawn"] - counts["used"]
    if lost:
        yield _LOST.format(lost=lost, **counts)


def candidates(source: Source) -> Iterator[Block]:
    """All candidates with both baselines, and why one was taken."""
    found, chosen = validation_of(source), chosen_of(source)
    if not chosen:
        yield absent("a comparison of candidates")
        return
    yield Paragraph(_why(found, chosen))
    close = close_call(found["models"])
    if close is not None:
        yield Paragraph(close, "warning")
    if found.get("with_choice"):
        yield Paragraph(choice_text(found["with_choice"], chosen["label"]))
    rows = []
    for row in found["models"]:
        label = words.CHOSEN.format(label=row["label"]) if row["chosen"] else row["label"]
        kept = {key: value for key, value in row.items() if key not in ("settings", "seconds")}
        kept["standard_errors"] = standard_errors(row)
        bounds = {"value": row["auroc"], "low": row["auroc_low"], "high": row["auroc_high"]}
        rows.append({**kept, "label": label, **bounds})
    table = Table(
        "performance-candidates-table",
        words.CANDIDATES_TABLE,
        (
            Column("label", "Model"),
            Column("auroc", "AUROC (95% interval)", "interval"),
            Column("log_loss", "Log loss", "number", digits=3),
            Column("log_loss_difference", "Difference", "number", digits=3),
            Column("log_loss_difference_se", "Its standard error", "number", digits=3),
            Column("standard_errors", "In standard errors", "number"),
            Column("brier", "Brier score", "number", digits=3),
            Column("scaled_brier", "Scaled Brier score", "number"),
            Column("calibration_slope", "Calibration slope (95% interval)", "interval"),
        ),
        tuple(rows),
        note=words.CANDIDATES_NOTE,
    )
    yield Figure(
        "performance-candidates-figure",
        "forest",
        words.CANDIDATES,
        _seen(found["models"], chosen),
        (table,),
        {"axis": "AUROC", "reference": 0.5, "percent": False},
    )


def standard_errors(row: _Row) -> float | None:
    """How many of its standard errors a candidate's log loss lies above the smallest.

    >>> round(standard_errors({"log_loss_difference": 0.0251, "log_loss_difference_se": 0.0245}), 2)
    1.02
    """
    difference, error = row.get("log_loss_difference"), row.get("log_loss_difference_se")
    return None if not error or difference is None else float(difference) / float(error)


def close_call(models: Sequence[_Row]) -> str | None:
    """That the choice hangs on little; None where no candidate lies near one standard error."""
    near = [
        (abs(errors - 1.0), errors, row["label"])
        for row in models
        if (errors := standard_errors(row)) is not None and abs(errors - 1.0) < _CLOSE
    ]
    if not near:
        return None
    gap, errors, label = min(near)
    template = words.CLOSE_OUT if errors > 1.0 else words.CLOSE_IN
    share = f"{100 * gap:.0f}%" if gap >= 0.005 else "under 1%"
    return template.format(label=label, share=share, errors=errors)


def _why(found: _Row, chosen: _Row) -> str:
    choice = found.get("choice") or {"named_beforehand": False}
    if not choice["named_beforehand"]:
        return words.BY_RULE.format(label=chosen["label"])
    if choice["by_rule"] == chosen["name"]:
        return words.BEFOREHAND_SAME.format(label=chosen["label"])
    other = next(row["label"] for row in found["models"] if row["name"] == choice["by_rule"])
    return words.BEFOREHAND.format(label=chosen["label"], other=other)


def _seen(models: list[_Row], chosen: _Row) -> str:
    known = [row for row in models if row["auroc"] is not None]
    if not known:
        return words.CANDIDATES_SEEN_EMPTY.format(count=len(models))
    best = max(known, key=lambda row: float(row["auroc"]))
    return words.CANDIDATES_SEEN.format(
        count=len(models),
        best=best["label"],
        best_value=two(best["auroc"]),
        chosen=chosen["label"],
        chosen_value=two(chosen["auroc"]),
    )


def signal(source: Source) -> Iterator[Block]:
    """The permutation test, and what was left undone."""
    found = validation_of(source)
    if not found:
        yield absent("a test for signal")
        return
    tested = found.get("signal")
    if tested is None:
        yield Paragraph(words.NOT_TESTED, "warning")
    else:
        said = tuple(signal_lines(tested, found.get("plan") or {}, _auroc(source)))
        yield Paragraph(said[0], "plain" if tested["found"] else "warning")
        yield from (Paragraph(line) for line in said[1:])
        yield Facts(
            (
                Fact("Observed", two(tested["observed"]), _capital(tested["statistic"])),
                Fact("p-value", _p_value(tested), _permuted(tested)),
            )
        )
        yield Paragraph(words.SIGNAL_OBSERVED, "quiet")
        yield Paragraph(words.SIGNAL_RULE.format(rule=tested["rule"]), "quiet")
    notes = tuple(found.get("notes") or ())
    if notes:
        yield Listing(notes, words.NOTES)


def _auroc(source: Source) -> tuple[float | None, float | None, float | None]:
    """AUROC of the chosen model, by the correction that is reported."""
    rows: dict[str, _Row] = {row["name"]: row for row in bootstrap_of(source).get("figures", ())}
    area = rows.get("auroc", {})
    return area.get("corrected"), area.get("corrected_low"), area.get("corrected_high")


def _p_value(tested: _Row) -> str:
    """The p-value, and between what more permutations may carry it."""
    value = p_text(tested["p_value"])
    if tested.get("p_low") is None or tested.get("p_high") is None:
        return value
    low, high = p_text(tested["p_low"]), p_text(tested["p_high"])
    return words.P_VALUE.format(value=value, low=low, high=high)


def _permuted(tested: _Row) -> str:
    return "One-sided, {permutations:,} permutations of {repeated}".format(**tested)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
