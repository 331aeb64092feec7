"""Section a of a report: what the model is ready for, for whom, and what must happen next.

The rules stand in :mod:`predictor.report.contents.standing`, the sentences in
:mod:`predictor.report.contents.verdict_words`; here one is put to the other.

Three figures stand on the first page: whether the model tells patients apart (AUROC), whether its
probabilities mean what they say (calibration slope), and how far the answer to one patient depends
on who happened to be in the cohort (width of its range over refits). The third is not the net
benefit, because that needs a threshold that nobody may have chosen; and in a small cohort it is the
width that decides whether a number for one patient says anything at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from predictor.clinical.units import readable_unit
from predictor.errors import LearningError
from predictor.performance.classification import clopper_pearson
from predictor.report.contents import verdict_words as words
from predictor.report.contents.needed_patients import flexible_line, found_line, needed_table
from predictor.report.contents.signal_text import MORE, signal_lines
from predictor.report.contents.source import Source
from predictor.report.contents.standing import (
    DEMONSTRATION,
    NO_MODEL,
    NOT_VALIDATED,
    READY,
    TOO_FEW,
    Measure,
    Standing,
    standing,
)
from predictor.report.document import (
    Block,
    Fact,
    Facts,
    Listing,
    Paragraph,
    Section,
    Tone,
    Verdict,
)
from predictor.validation.permutation import SETTLED
from predictor.validation.reported import CROSS_VALIDATED, is_flexible
from predictor.validation.validationsize import for_validation

TONES: Mapping[str, Tone] = {READY: "plain", DEMONSTRATION: "alert"}


def verdict_of(source: Source, warnings: Sequence[str] = ()) -> Verdict:
    """What a model is ready for.

    Parameters
    ----------
    source
        The bundle, opened.
    warnings
        Names of the automatic checks that ended in a warning.

    Returns
    -------
    Verdict
        ``code`` is one of :data:`predictor.report.contents.standing.CODES`.
    """
    stands = standing(source.manifest)
    return Verdict(
        stands.code,
        _headline(source.manifest, stands, warnings),
        tuple(_reasons(source.manifest, stands, warnings)),
        tuple(_steps(stands, warnings)),
    )


def verdict_section(source: Source, verdict: Verdict) -> Section:
    """The first section of the page: verdict, figures that matter, for whom, what is next."""
    stands = standing(source.manifest)
    blocks: list[Block] = [
        Paragraph(verdict.headline, TONES.get(verdict.code, "warning")),
        Facts(tuple(_figures(stands))),
        Facts((_evidence_fact(source.manifest), _size_fact(source.manifest, stands))),
        Listing(verdict.reasons, "Why"),
        Listing(verdict.next_steps, "What must happen next"),
        Paragraph(for_whom(source.manifest)),
        Paragraph(words.NOT_AN_EFFECT, "quiet"),
    ]
    table = needed_table(source.manifest)
    blocks += [] if table is None else [table]
    return Section("verdict", "Verdict", tuple(blocks))


def _headline(manifest: Mapping[str, Any], stands: Standing, warnings: Sequence[str]) -> str:
    template = words.HEADLINES[stands.code]
    if stands.code == READY and warnings:
        template = words.READY_BUT
    if stands.code == NO_MODEL and stands.by_rule:
        template = words.NO_MODEL_NAMED
    faults = [text for fault, text in words.FAULTS.items() if getattr(stands, fault)]
    return template.format(
        model=manifest["model"].get("label", "the model"),
        outcome=manifest["outcome"]["label"],
        patients=stands.patients,
        events=stands.events,
        needed=stands.needed or 0,
        needed_events=stands.needed_events or 0,
        faults=" and ".join(faults)
        or words.FAR_FAULT.format(points=100 * (stands.distance.value or 0.0)),
    )


def _reasons(
    manifest: Mapping[str, Any], stands: Standing, warnings: Sequence[str]
) -> Iterator[str]:
    found = manifest.get("validation", {})
    if stands.simulated:
        yield words.SIMULATED
        real = replace(stands, simulated=False)
        yield words.IF_REAL.format(headline=_headline(manifest, real, warnings))
    size = found.get("sample_size") or {}
    yield words.SIZE.format(verdict=size["verdict"]) if "verdict" in size else words.SIZE_UNKNOWN
    yield from filter(None, (found_line(manifest), flexible_line(manifest)))
    if stands.rows_for_patients:
        yield words.ROWS
    yield from _signal(found, stands)
    yield from _prevalence(stands) if stands.prevalence_chosen else _figured(manifest, stands)
    if warnings:
        yield words.WARNINGS.format(names=", ".join(warnings))


def _prevalence(stands: Standing) -> Iterator[str]:
    if stands.by_rule is False:
        yield words.NONE_BETTER


def _figured(manifest: Mapping[str, Any], stands: Standing) -> Iterator[str]:
    """What the corrected figures of a model that tells patients apart say."""
    if not stands.corrected:
        yield from _uncorrected(stands)
    if stands.by_rule is False:
        yield words.RULE_TAKES_PREVALENCE.format(model=manifest["model"].get("label", "the model"))
    if stands.chance_possible:
        yield words.CHANCE.format(interval=_range(stands.auroc))
    yield from _calibration(stands)
    if stands.slope_by == CROSS_VALIDATED and stands.slope_readable:
        flexible = is_flexible(manifest)
        yield words.SLOPE_OF_FLEXIBLE if flexible else words.SLOPE_CROSS_VALIDATED


def _signal(found: Mapping[str, Any], stands: Standing) -> Iterator[str]:
    test = found.get("signal")
    if test is None:
        yield words.SIGNAL_UNTESTED
        return
    area = stands.auroc
    yield from signal_lines(test, found.get("plan") or {}, (area.value, area.low, area.high))
    if not test["found"]:
        if test.get("not_repeated"):
            yield words.PARTLY_TESTED
        if stands.enough is False and not stands.signal_undecided:
            yield words.INCONCLUSIVE


def _uncorrected(stands: Standing) -> Iterator[str]:
    if stands.auroc.value is None and stands.slope.value is None:
        yield words.UNCORRECTED
    elif stands.auroc.value is None:
        yield words.NO_AUROC
    else:
        yield words.NO_SLOPE


def _calibration(stands: Standing) -> Iterator[str]:
    if stands.too_extreme or stands.too_alike:
        yield words.SLOPE_OFF.format(slope=_figure(stands.slope))
    if stands.too_high or stands.too_low:
        yield words.RATIO_OFF.format(ratio=_figure(stands.ratio))
    if stands.far_off:
        yield words.FAR_OFF.format(points=100 * (stands.distance.value or 0.0))
    if stands.slope.value is None:
        return
    if not stands.slope_readable:
        yield words.SLOPE_UNREADABLE.format(interval=_range(stands.slope))
    elif stands.calibration == "holds":
        yield words.CALIBRATED.format(slope=_figure(stands.slope))
    elif stands.calibration == "undecided":
        template = words.UNDECIDED if stands.signal_shown else words.UNDECIDED_WITHOUT_SIGNAL
        yield template.format(slope=_figure(stands.slope))


def _steps(stands: Standing, warnings: Sequence[str]) -> Iterator[str]:
    if warnings and stands.code == READY:
        yield words.BEFORE_ALL.format(names=", ".join(warnings))
    if stands.code == NOT_VALIDATED:
        yield from _missing_steps(stands)
    if stands.signal_open and not stands.prevalence_chosen:
        yield MORE.format(enough=SETTLED)
    outside = _outside(stands)
    for template in words.STEPS[stands.code]:
        if "{outside" in template and outside is None:
            yield words.OUTSIDE_UNKNOWN
        else:
            yield template.format(
                needed=stands.needed or 0,
                needed_events=stands.needed_events or 0,
                outside=outside or 0,
            )
    if stands.code == NO_MODEL and stands.enough is False:
        yield words.STEPS[TOO_FEW][0].format(
            needed=stands.needed or 0, needed_events=stands.needed_events or 0
        )


def _missing_steps(stands: Standing) -> Iterator[str]:
    """What to do so that everything is known that a reader needs."""
    if stands.rows_for_patients:
        yield words.GIVE_PATIENTS
    if not stands.corrected:
        yield words.GIVE_BOOTSTRAP
    if stands.signal is None:
        yield words.GIVE_PERMUTATIONS
    if stands.enough is None:
        yield words.GIVE_SIZE


def _outside(stands: Standing) -> int | None:
    """Patients that an external validation needs, were the model there as good as it seems."""
    if stands.code != READY or stands.auroc.value is None:
        return None
    try:
        return for_validation(stands.events / stands.patients, stands.auroc.value).n
    except LearningError:  # a model that tells nobody apart, or everybody, cannot be planned for
        return None


def _figures(stands: Standing) -> Iterator[Fact]:
    if stands.prevalence_chosen and stands.patients:
        share = clopper_pearson(stands.events, stands.patients)
        measure = Measure(share.value, share.low, share.high)
        meaning = words.PREVALENCE_MEANING.format(events=stands.events, rows=stands.patients)
        yield Fact(words.PREVALENCE_LABEL, _figure(measure), meaning)
        return
    area, width = stands.auroc.value, stands.width
    yield _fact(
        words.AUROC_LABEL,
        None if area is None else _figure(stands.auroc),
        words.AUROC_MEANING.format(share=area or 0.0),
    )
    yield _slope_fact(stands)
    yield _fact(
        words.WIDTH_LABEL,
        None if width is None else words.WIDTH_VALUE.format(points=100 * width),
        words.WIDTH_MEANING.format(refits=stands.refits or 0),
    )


def _slope_fact(stands: Standing) -> Fact:
    across = stands.slope_by == CROSS_VALIDATED
    label = words.SLOPE_LABEL_ACROSS if across else words.SLOPE_LABEL
    if stands.slope.value is not None and not stands.slope_readable:
        meaning = words.SLOPE_UNREADABLE.format(interval=_range(stands.slope))
        return Fact(label, words.NOT_INTERPRETABLE, meaning)
    value = None if stands.slope.value is None else _figure(stands.slope)
    return _fact(label, value, words.SLOPE_MEANING)


def _fact(label: str, value: str | None, meaning: str) -> Fact:
    if value is None:
        return Fact(label, words.UNDEFINED, words.UNDEFINED_MEANING)
    return Fact(label, value, meaning)


def _evidence_fact(manifest: Mapping[str, Any]) -> Fact:
    level = str(manifest["evidence"]["level"])
    return Fact(words.EVIDENCE_LABEL, level, words.EVIDENCE.get(level, ""))


def _size_fact(manifest: Mapping[str, Any], stands: Standing) -> Fact:
    value = words.SIZE_VALUE_SIMULATED if stands.simulated else words.SIZE_VALUE
    meaning = words.SIZE_ENOUGH if stands.enough else words.SIZE_SHORT
    if stands.needed is None or stands.needed_events is None:
        meaning = words.SIZE_UNKNOWN
    size = (manifest.get("validation") or {}).get("sample_size") or {}
    assumed = words.ASSUMING.format(assumed=size["assumed"]) if size.get("assumed") else ""
    return Fact(
        words.SIZE_LABEL,
        value.format(patients=stands.patients, events=stands.events),
        meaning.format(needed=stands.needed, needed_events=stands.needed_events, assumed=assumed),
    )


def for_whom(manifest: Mapping[str, Any]) -> str:
    """What the model is meant for, in a sentence."""
    outcome = manifest["outcome"]
    start = outcome.get("time_zero")
    limits = (
        words.WITHIN.format(label=_label(manifest, name), limit=_limit(manifest, name, low, high))
        for name, (low, high) in outcome.get("limits", {}).items()
    )
    return words.FOR_WHOM.format(
        outcome=outcome["label"],
        horizon=outcome["horizon"],
        time_zero=words.COUNTED_FROM.format(time_zero=start) if start else "",
        population=outcome["population"],
        limits="".join(limits),
    )


def _label(manifest: Mapping[str, Any], name: str) -> str:
    return str(manifest["dictionary"][name]["label"]).lower()


def _limit(manifest: Mapping[str, Any], name: str, low: float | None, high: float | None) -> str:
    unit = manifest["dictionary"][name].get("unit")
    shown = readable_unit(unit) if unit else ""
    if low is None:
        text = f"at most {high:g} {shown}"
    elif high is None:
        text = f"at least {low:g} {shown}"
    else:
        text = f"{low:g} to {high:g} {shown}"
    return text.strip()


def _figure(measure: Measure) -> str:
    """A figure with its interval as people read it.

    >>> _figure(Measure(-0.25, None, None)), _figure(Measure(0.832, 0.787, 0.875))
    ('−0.25', '0.83 (0.79 to 0.88)')
    """
    if measure.value is None:
        return words.UNDEFINED
    text = _two(measure.value)
    return text if measure.low is None else f"{text} ({_range(measure)})"


def _range(measure: Measure) -> str:
    return f"{_two(measure.low or 0.0)} to {_two(measure.high or 0.0)}"


def _two(value: float) -> str:
    # 0.004 below zero is no minus nought.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
