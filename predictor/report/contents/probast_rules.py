"""What a run says to the signalling questions of PROBAST+AI, with the answer that a rule gives.

The answers of the tool are yes, probably yes, probably no, no and no information. A rule gives one
only where the run decides it; an assessor may always decide otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from predictor.report.contents import probast_words as words
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.standing import SLOPE

Rule = Callable[[Facts], Answer | None]

ENOUGH_EVENTS = 100
"""Events and non-events below which an evaluation is commonly called too small."""


def _simulated(facts: Facts) -> Answer | None:
    return Answer(words.SIMULATED) if facts.simulated else None


def _representative(facts: Facts) -> Answer:
    if facts.simulated:
        return Answer(words.SIMULATED)
    text = words.INCLUDED.format(
        population=facts.outcome["population"],
        limits=", ".join(facts.limits()) or words.NONE,
        exclusions=", ".join(facts.exclusions()) or words.NONE,
    )
    return Answer(text, "patients-flow", remains=words.INCLUDED_REMAINS)


def _preprocessing(facts: Facts) -> Answer:
    del facts
    return Answer(words.PREPROCESSING, "model")


def _available(facts: Facts) -> Answer:
    text = words.AVAILABLE.format(predictors=len(facts.predictors))
    return Answer(text, "patients-table-one", remains=words.AVAILABLE_REMAINS)


def _defined(facts: Facts) -> Answer:
    if facts.simulated:
        return Answer(words.SIMULATED)
    event = ", ".join(str(state) for state in facts.outcome["event"])
    text = words.DEFINED.format(name=facts.outcome["name"], event=event)
    return Answer(text, "verdict", remains=words.DEFINED_REMAINS)


def _independent(facts: Facts) -> Answer | None:
    leakage = facts.pitfall("leakage")
    if leakage is None or leakage["status"] == "not assessed":
        return Answer(words.OUTCOME_APART, remains=words.BLIND_REMAINS)
    found = leakage["status"] == "warning"
    text = words.LEAKAGE if found else words.NO_LEAKAGE
    return Answer(text, "pitfalls", remains=words.BLIND_REMAINS)


def _interval(facts: Facts) -> Answer:
    start = facts.outcome.get("time_zero") or words.START_UNKNOWN
    text = words.INTERVAL.format(horizon=facts.outcome["horizon"], start=start)
    return Answer(text, "verdict", "from the study", words.INTERVAL_REMAINS)


def _enough(facts: Facts) -> Answer:
    size = facts.validation["sample_size"]
    template = words.ENOUGH if size["enough"] else words.TOO_FEW
    return Answer(template.format(verdict=size["verdict"]), "verdict")


def _handling(facts: Facts) -> Answer:
    if facts.constant:
        return Answer(words.NOTHING_HANDLED, by="not applicable")
    return Answer(words.STRAIGHT if facts.linear else words.SHAPES, "model")


def _gaps(facts: Facts) -> Answer:
    found = facts.pitfall("imputation")
    method = words.IMPUTATION[facts.config["preparation"]["imputation"]]
    if found is None or found["status"] == "not assessed":
        return Answer(words.GAPS.format(method=method), "patients-missing")
    share = found["figures"].get("share")
    if share == 0.0:
        return Answer(words.NO_GAPS, "patients-missing")
    many = found["status"] == "warning"
    template = words.MANY_GAPS if many else words.FEW_GAPS
    return Answer(template.format(method=method), "patients-missing")


def _not_changed(facts: Facts) -> Answer:
    del facts
    return Answer(words.NOT_CHANGED, by="not applicable")


def _overfitting(facts: Facts) -> Answer:
    if facts.constant:
        return Answer(words.NOTHING_FITTED, by="not applicable")
    text = _shrunk(facts).format(
        how=words.SHRINKAGE[facts.candidate],
        by=words.SHRUNK_BY[facts.out_of_fold("calibration_slope")],
        slope=facts.interval("calibration_slope"),
        low=SLOPE[0],
        high=SLOPE[1],
    )
    return Answer(text, "performance-figures")


def _shrunk(facts: Facts) -> str:
    """The template by what is left of overfitting, as far as the figures can tell."""
    found = facts.figure("calibration_slope")
    slope, low, high = (found.get(f"corrected{end}") for end in ("", "_low", "_high"))
    if slope is None:
        return words.SHRUNK_UNKNOWN
    if not SLOPE[0] <= slope <= SLOPE[1]:
        return words.SHRUNK_BADLY
    if low is None or high is None:
        return words.SHRUNK_NO_INTERVAL
    if low < SLOPE[0] or high > SLOPE[1]:
        return words.SHRUNK_UNSURE
    if not (facts.validation["signal"] or {}).get("found"):
        return words.SHRUNK_NO_SIGNAL  # a slope near 1 of predictions that hardly differ is chance
    return words.UNSHRUNK if facts.candidate in words.NOT_SHRUNK else words.SHRUNK


def _beyond_apparent(facts: Facts) -> Answer:
    plan = facts.plan
    template = words.BEYOND if facts.resamples else words.BEYOND_FOLDS
    text = template.format(folds=plan["folds"], repeats=plan["repeats"], resamples=facts.resamples)
    return Answer(text, "performance-figures")


def _enough_to_evaluate(facts: Facts) -> Answer:
    fewer = min(facts.events, facts.patients - facts.events)
    template = words.PRECISE if fewer >= ENOUGH_EVENTS else words.IMPRECISE
    text = template.format(
        events=facts.events, others=facts.patients - facts.events, least=ENOUGH_EVENTS
    )
    return Answer(text, "performance-figures")


def _leaked(facts: Facts) -> Answer:
    if facts.config["cohort"].get("patient") is None:
        return Answer(words.PEOPLE_UNKNOWN, "pitfalls")
    whole = words.WHOLE[facts.manifest["cohort"]["group"]]
    return Answer(words.NOT_LEAKED.format(whole=whole), "performance")


def _repeated(facts: Facts) -> Answer:
    validation = facts.validation
    if validation["choice"]["named_beforehand"]:
        return Answer(words.REPEATED_NAMED, "performance-figures")
    if not facts.resamples:
        return Answer(words.REPEATED_FOLDS, "performance-figures")
    left_out = any(note.startswith(words.CHOICE_LEFT_OUT) for note in validation["notes"])
    if validation["with_choice"] and not left_out:
        return Answer(words.REPEATED, "performance-figures")
    return Answer(words.NOT_REPEATED, "performance-figures")


def _measured(facts: Facts) -> Answer:
    """The best answer needs everything: corrected figures, sound intervals, and curves."""
    if not facts.resamples:
        return Answer(words.MEASURED_FOLDS, "performance")
    across, without = facts.named_out_of_fold(), facts.named_without_interval()
    lacks = [
        text
        for lacking, text in (
            (not facts.curves, words.LACKS_CURVES),
            (bool(facts.unsure()), words.LACKS_INTERVALS),
            (bool(across), words.LACKS_CORRECTION.format(names=", ".join(across))),
            (bool(without), words.LACKS_ANY_INTERVAL.format(names=", ".join(without))),
        )
        if lacking
    ]
    if lacks:
        return Answer(words.MEASURED_BUT.format(lacks="; ".join(lacks)), "performance")
    return Answer(words.MEASURED, "performance")


_OF_DATA: Mapping[str, Rule] = {
    "1.1": _simulated,
    "1.2": _simulated,
    "1.3": _representative,
    "2.1": _simulated,
    "2.2": _preprocessing,
    "2.3": _simulated,
    "2.4": _available,
    "3.1": _defined,
    "3.2": _simulated,
    "3.3": _independent,
    "3.4": _interval,
}

RULES: Mapping[str, Rule] = {
    **{f"D{number}": rule for number, rule in _OF_DATA.items()},
    "D4.1": _enough,
    "D4.2": _handling,
    "D4.3": _gaps,
    "D4.4": _not_changed,
    "D4.5": _overfitting,
    **{f"E{number}": rule for number, rule in _OF_DATA.items()},
    "E4.1": _beyond_apparent,
    "E4.2": _enough_to_evaluate,
    "E4.3": _gaps,
    "E4.4": _not_changed,
    "E4.5": _leaked,
    "E4.6": _repeated,
    "E4.7": _measured,
}
"""Question -> rule. The evaluation is internal, so it has the same patients as development."""

SAME_AS: Mapping[str, str] = {f"E{number}": f"D{number}" for number in _OF_DATA}
"""Questions on evaluation that a person has answered with the one on development."""
