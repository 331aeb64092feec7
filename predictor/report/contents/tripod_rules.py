"""What a run says to the items of TRIPOD+AI, one rule for each item that it knows something of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from predictor.report.contents import tripod_words as words
from predictor.report.contents.pitfalls import MOMENTS
from predictor.report.contents.run_facts import Answer, Facts

Rule = Callable[[Facts], Answer | None]


def _title(facts: Facts) -> Answer:
    return Answer(words.TITLE.format(**facts.outcome), "verdict", remains=words.TITLE_REMAINS)


def _purpose(facts: Facts) -> Answer:
    text = words.PURPOSE.format(**facts.outcome)
    return Answer(text, "verdict", "from the study", words.PURPOSE_REMAINS)


def _aims(facts: Facts) -> Answer:
    return Answer(words.AIMS.format(model=facts.model), "verdict")


def _sources(facts: Facts) -> Answer:
    if facts.simulated:
        published = bool(facts.config["cohort"].get("published"))
        template = words.SOURCES_SIMULATED if published else words.SOURCES_MARKED
        return Answer(template.format(file=facts.manifest["cohort"]["file"]), "patients-flow")
    text = words.SOURCES.format(file=facts.manifest["cohort"]["file"])
    return Answer(text, "patients-flow", remains=words.SOURCES_REMAIN)


def _simulated_only(text: str) -> Rule:
    """An item that has no meaning for simulated patients, and is a person's for real ones."""

    def rule(facts: Facts) -> Answer | None:
        return Answer(text, by="not applicable") if facts.simulated else None

    return rule


def _not_applicable(text: str) -> Rule:
    def rule(facts: Facts) -> Answer | None:
        del facts
        return Answer(text, by="not applicable")

    return rule


def _setting(facts: Facts) -> Answer | None:
    if facts.simulated:
        return Answer(words.NO_SETTING, by="not applicable")
    if facts.centres is None:
        return None
    text = words.SETTING.format(centres=len(facts.centres["centres"]))
    return Answer(text, "performance-centres", remains=words.SETTING_REMAINS)


def _eligibility(facts: Facts) -> Answer:
    text = words.ELIGIBILITY.format(
        population=facts.outcome["population"],
        limits=", ".join(facts.limits()) or words.NONE,
        exclusions=", ".join(facts.exclusions()) or words.NONE,
    )
    return Answer(text, "patients-flow", "from the study")


def _checking(facts: Facts) -> Answer:
    impossible = words.IMPOSSIBLE[facts.config["cohort"]["impossible"]]
    return Answer(
        words.CHECKING.format(impossible=impossible),
        "patients-flow",
        remains=words.CHECKING_REMAINS,
    )


def _outcome(facts: Facts) -> Answer:
    outcome = facts.outcome
    text = words.OUTCOME.format(
        name=outcome["name"],
        event=", ".join(str(state) for state in outcome["event"]),
        horizon=outcome["horizon"],
        start=outcome.get("time_zero") or words.START_UNKNOWN,
    )
    return Answer(text, "verdict", "from the study", words.OUTCOME_REMAINS)


def _choice_of_predictors(facts: Facts) -> Answer:
    kept = words.SELECTED if facts.candidate == "elastic_net" else words.NOT_SELECTED
    if facts.candidate == "one_predictor":
        kept = words.ONE_PREDICTOR
    if facts.candidate == "prevalence":
        kept = words.NO_PREDICTOR
    text = words.CHOICE.format(predictors=len(facts.predictors), kept=kept)
    return Answer(text, "model", remains=words.CHOICE_REMAINS)


def _predictors(facts: Facts) -> Answer:
    text = words.PREDICTORS.format(names="; ".join(map(facts.label, facts.predictors)))
    return Answer(text, "patients-table-one", "from the study", words.PREDICTORS_REMAIN)


def _sample_size(facts: Facts) -> Answer:
    size = facts.validation["sample_size"]
    assumed = size.get("assumed") or words.ANTICIPATED.format(auroc=size.get("auroc"))
    text = words.SAMPLE_SIZE.format(
        verdict=size["verdict"], parameters=size["parameters"], assumed=assumed
    )
    return Answer(text, "verdict", remains=words.SAMPLE_SIZE_REMAINS)


def _missing(facts: Facts) -> Answer:
    plan = facts.config["preparation"]
    indicators = plan["missing_indicators"]
    if facts.gaps is False:
        told = words.NO_GAPS
    elif facts.constant:
        told = words.GAPS_UNUSED
    else:
        told = words.MISSING.format(method=words.IMPUTATION[plan["imputation"]])
    left_out = words.OUTCOME_LEFT_OUT if facts.without_outcome else words.NOBODY_LEFT_OUT
    named = [words.INDICATORS.format(names=", ".join(indicators))] if indicators else []
    remains = "" if facts.gaps is False else words.MISSING_REMAINS
    return Answer(" ".join([told, left_out, *named]), "patients-missing", remains=remains)


def _use_of_data(facts: Facts) -> Answer:
    plan = facts.plan
    template = words.USE if facts.resamples else words.USE_FOLDS
    text = template.format(folds=plan["folds"], repeats=plan["repeats"], resamples=facts.resamples)
    return Answer(text, "performance")


def _handling(facts: Facts) -> Answer:
    if facts.constant:
        return Answer(words.HANDLING_NONE, "performance-candidates")
    return Answer(words.HANDLING if facts.linear else words.HANDLING_TREES, "model")


def _building(facts: Facts) -> Answer:
    named = facts.validation["choice"]["named_beforehand"]
    text = words.BUILDING.format(
        candidates=", ".join(facts.candidates),
        chosen=(words.NAMED if named else words.BY_RULE).format(model=facts.model),
        inner=facts.plan["inner_folds"],
    )
    return Answer(text, "performance-candidates", remains=words.BUILDING_REMAINS)


def _clusters(facts: Facts) -> Answer:
    if facts.centres is not None:
        return Answer(words.CLUSTERS, "performance-centres")
    whole = facts.manifest["cohort"]["group"] == "centre"
    return Answer(words.CLUSTERS_UNTESTED if whole else words.NO_CENTRES)


def _measures(facts: Facts) -> Answer:
    thresholds = ", ".join(f"{value:g}" for value in facts.plan["thresholds"])
    text = words.MEASURES.format(
        thresholds=thresholds,
        curves=words.CURVES if facts.curves else words.NO_CURVES,
        each=_each(facts),
    )
    return Answer(text, "performance-figures")


def _each(facts: Facts) -> str:
    if not facts.resamples:
        return words.EACH_FOLDS
    names = facts.named_out_of_fold()
    return words.EACH_BUT.format(names=", ".join(names)) if names else words.EACH


def _how_predicted(facts: Facts) -> Answer:
    text = words.PREDICTED.format(version=facts.version)
    if facts.gaps is not False and not facts.constant and MOMENTS in facts.manifest["files"]:
        return Answer(" ".join((text, words.DRAWN)), "pitfalls")
    return Answer(text, "reproduce")


def _imbalance(facts: Facts) -> Answer:
    plan = facts.config["models"].get("firth") or {}
    corrected = facts.candidate == "firth" and plan.get("intercept_correction") == "flic"
    return Answer(words.FLIC if corrected else words.NO_IMBALANCE)


def _fairness(facts: Facts) -> Answer | None:
    if "subgroups" not in facts.findings:
        return None
    text = words.FAIRNESS_CONSTANT if facts.constant else words.FAIRNESS
    if not facts.findings["subgroups"]["rows"]:
        text = words.NO_SUBGROUPS
    return Answer(text, "performance-subgroups", remains=words.FAIRNESS_REMAINS)


def _output(facts: Facts) -> Answer:
    thresholds = ", ".join(f"{value:g}" for value in facts.plan["thresholds"])
    section = "performance-decision" if facts.curves else "performance-figures"
    return Answer(words.OUTPUT.format(thresholds=thresholds), section)


def _sharing(facts: Facts) -> Answer | None:
    made = facts.config["cohort"].get("published")
    if not made:
        return None
    return Answer(words.SHARED.format(**made), "reproduce")


def _code(facts: Facts) -> Answer:
    commit = facts.manifest["environment"].get("git_commit") or words.COMMIT_UNKNOWN
    text = words.CODE.format(version=facts.version, commit=commit)
    return Answer(text, "reproduce", remains=words.CODE_REMAINS)


def _flow(facts: Facts) -> Answer:
    others = facts.patients - facts.events
    text = words.FLOW.format(patients=facts.patients, events=facts.events, others=others)
    remains = words.FLOW_REMAINS if facts.left_out else words.FLOW_BEFORE
    return Answer(text, "patients-flow", remains="" if facts.simulated else remains)


def _table_one(facts: Facts) -> Answer | None:
    if "patients" not in facts.findings:
        return None
    return Answer(words.TABLE_ONE, "patients-table-one", remains=words.TABLE_ONE_REMAINS)


def _numbers(facts: Facts) -> Answer:
    plan = facts.plan
    text = words.NUMBERS.format(
        patients=facts.patients,
        events=facts.events,
        folds=plan["folds"],
        inner=plan["inner_folds"],
        resamples=facts.resamples,
    )
    return Answer(text, "performance")


def _specification(facts: Facts) -> Answer:
    template = words.FORMULA if facts.linear else words.NO_FORMULA
    if facts.constant:
        template = words.ONE_NUMBER
    text = template.format(digest=facts.manifest["model"]["digest"])
    return Answer(text, "model-equation", remains=words.SPECIFICATION_REMAINS)


def _performance(facts: Facts) -> Answer | None:
    if not facts.resamples:
        return None
    corrected = [name for name in words.FIGURE_NAMES if not facts.out_of_fold(name)]
    across = [name for name in words.FIGURE_NAMES if facts.out_of_fold(name)]
    told = [
        template.format(
            interval=_has_intervals(facts, names),
            figures=", ".join(
                words.FIGURE_NAMES[name].format(value=facts.interval(name)) for name in names
            ),
        )
        for template, names in (
            (words.PERFORMANCE, corrected),
            (words.PERFORMANCE_OUT_OF_FOLD, across),
        )
        if names
    ]
    return Answer(" ".join(told), "performance-figures")


def _has_intervals(facts: Facts, names: Sequence[str]) -> str:
    """Whether the figures with a value have an interval."""
    rows = [facts.figure(name) for name in names]
    has = [row.get("corrected_low") is not None for row in rows if row.get("corrected") is not None]
    if any(has):
        return words.WITH_INTERVALS if all(has) else words.SOME_INTERVALS
    return words.NO_INTERVALS


def _between_centres(facts: Facts) -> Answer:
    if facts.centres is None:
        whole = facts.manifest["cohort"]["group"] == "centre"
        text = words.CLUSTERS_UNTESTED if whole else words.NO_CENTRES
        return Answer(text, by="not applicable")
    return Answer(str(facts.centres["sentence"]), "performance-centres")


def _limits(facts: Facts) -> Answer:
    statement = facts.manifest["evidence"]["statement"]
    return Answer(statement, "pitfalls", remains=words.LIMITS_REMAIN)


def _poor_input(facts: Facts) -> Answer:
    share = facts.manifest["prediction"]["most_missing"]
    return Answer(words.POOR_INPUT.format(share=share), "model")


def _users(facts: Facts) -> Answer:
    del facts
    return Answer(words.USERS, "model", remains=words.USERS_REMAIN)


def _next(facts: Facts) -> Answer | None:
    """What the verdict says; what comes next for a model without signal is no validation."""
    if not facts.next_steps:
        return None
    return Answer(" ".join(facts.next_steps), "verdict", remains=words.NEXT_REMAINS)


RULES: Mapping[str, Rule] = {
    "1": _title,
    "3b": _purpose,
    "4": _aims,
    "5a": _sources,
    "5b": _simulated_only(words.NO_DATES),
    "6a": _setting,
    "6b": _eligibility,
    "6c": _simulated_only(words.NO_TREATMENTS),
    "7": _checking,
    "8a": _outcome,
    "8b": _simulated_only(words.NO_ASSESSORS),
    "8c": _simulated_only(words.NO_ASSESSORS),
    "9a": _choice_of_predictors,
    "9b": _predictors,
    "9c": _simulated_only(words.NO_ASSESSORS),
    "10": _sample_size,
    "11": _missing,
    "12a": _use_of_data,
    "12b": _handling,
    "12c": _building,
    "12d": _clusters,
    "12e": _measures,
    "12f": _not_applicable(words.NO_UPDATING),
    "12g": _how_predicted,
    "13": _imbalance,
    "14": _fairness,
    "15": _output,
    "16": _not_applicable(words.SAME_DATA),
    "17": _simulated_only(words.NO_ETHICS),
    "18e": _sharing,
    "18f": _code,
    "20a": _flow,
    "20b": _table_one,
    "20c": _not_applicable(words.SAME_DATA),
    "21": _numbers,
    "22": _specification,
    "23a": _performance,
    "23b": _between_centres,
    "24": _not_applicable(words.NO_UPDATING),
    "26": _limits,
    "27a": _poor_input,
    "27b": _users,
    "27c": _next,
}
"""Item -> rule; an item without one, or whose rule gives None, is for a person."""
