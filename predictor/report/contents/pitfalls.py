"""Section g of a report: automatic checks of pitfalls, each with result, figure and meaning.

Checks that need the patients come from the findings of the training; all others are made here
from the manifest, so that a bundle of an older version has them too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter
from typing import Any

from predictor.report.contents import pitfall_hidden_words as hidden_words
from predictor.report.contents import pitfall_words as words
from predictor.report.contents.source import Source, cell_size_of
from predictor.report.document import (
    Block,
    Check,
    Checks,
    Column,
    Fact,
    Facts,
    Paragraph,
    Section,
    Table,
)
from predictor.validation import pitfall as rules
from predictor.validation.fold_pitfalls import DRIFT_P
from predictor.validation.pitfall import CODES, RULES, Pitfall, Value, unassessed
from predictor.validation.reported import CROSS_VALIDATED

ID = "pitfalls"
PREVALENCE = "prevalence"
MOMENTS = "moments.json"


@dataclass(frozen=True, slots=True)
class Told:
    """How checks are told, which differs with the kind of outcome.

    Parameters
    ----------
    introduction
        Above the checks; ``{checks}`` is their number.
    findings, rules
        Check -> status -> template, and check -> rule.
    from_manifest
        Checks that need no patient.
    """

    introduction: str
    findings: Mapping[str, Mapping[str, str]]
    rules: Mapping[str, str]
    from_manifest: Mapping[str, Callable[[Mapping[str, Any]], Pitfall]]


def pitfalls(source: Source, told: Told | None = None) -> Section:
    """The checks of a bundle.

    Parameters
    ----------
    source
        The bundle, opened; without findings the checks that need them are not assessed.
    told
        How; as for an event by default.
    """
    told = told or OF_EVENT
    found = found_in(source, told)
    labels = _labels(source.manifest)
    cell_size = cell_size_of(source.manifest)
    details = tuple(_details(found, labels, cell_size))
    tables = {table.id for table in details}
    checks = tuple(
        _check(number, one, told, labels, tables, cell_size)
        for number, one in enumerate(found, start=1)
    )
    blocks: tuple[Block, ...] = (
        Paragraph(told.introduction.format(checks=len(checks))),
        Facts(tuple(_counts(checks))),
        Checks(checks),
        *details,
        _rules(checks, told),
    )
    return Section(ID, "Pitfalls found", blocks)


def found_in(source: Source, told: Told | None = None) -> tuple[Pitfall, ...]:
    """Every check in the order of the report, by what the bundle holds."""
    told = told or OF_EVENT
    part = source.findings.get("pitfalls")
    listed = part.get("checks", ()) if isinstance(part, Mapping) else ()
    known = {str(entry["code"]): Pitfall.from_dict(entry) for entry in listed}
    lacking = words.NO_PART if known else words.NO_FINDINGS
    made = []
    for code in CODES:
        if code == "other_filling":
            made.append(_other_filling(source.manifest, known.get("imputation")))
        elif code in known:
            made.append(_of_this_version(known[code], told))
        elif code in told.from_manifest:
            made.append(_from_manifest(code, source.manifest, told))
        else:
            made.append(unassessed(code, lacking))
    return tuple(made)


def _other_filling(manifest: Mapping[str, Any], imputation: Pitfall | None) -> Pitfall:
    """Validation fills in one value; predict() draws many where the bundle has moments."""
    code = "other_filling"
    if manifest["model"].get("candidate") == PREVALENCE:
        return unassessed(code, words.NO_PREDICTORS)
    if imputation is None or "patients" not in imputation.figures:
        return unassessed(code, words.NO_PART)
    share = imputation.figures["patients"]
    return rules.other_filling(
        MOMENTS in manifest.get("files", {}), None if share is None else float(share)
    )


def _of_this_version(found: Pitfall, told: Told) -> Pitfall:
    """A check by another version may have judged other figures; its result is not told then."""
    if found.status == "not assessed":
        return found
    template = _by_status(told.findings[found.code], found.status)
    fields = {name for _, name, _, _ in Formatter().parse(template) if name}
    needed = {words.STANDS_FOR.get(name, name) for name in fields}
    return found if needed <= set(found.figures) else unassessed(found.code, words.OTHER_VERSION)


def _from_manifest(code: str, manifest: Mapping[str, Any], told: Told) -> Pitfall:
    try:
        return told.from_manifest[code](manifest)
    except (AttributeError, KeyError, TypeError):  # an older bundle has other keys, or fewer
        return unassessed(code, words.NO_PART)


def _events_per_parameter(manifest: Mapping[str, Any]) -> Pitfall:
    size, cohort = manifest["validation"]["sample_size"], manifest["cohort"]
    return rules.events_per_parameter(
        cohort["patients"],
        cohort["events"],
        size["parameters"],
        size["n"],
        math.ceil(round(size["events"], 9)),
        size["enough"],
    )


def _optimism(manifest: Mapping[str, Any]) -> Pitfall:
    if manifest["model"].get("candidate") == PREVALENCE:
        return unassessed("optimism", words.NO_PREDICTORS)
    # The figures that the table of the report prints, and no others.
    bootstrap = manifest["validation"].get("bootstrap")
    if not bootstrap:
        return unassessed("optimism", "there is no bootstrap")
    figures = {row["name"]: row for row in bootstrap["figures"]}
    auroc, slope = figures.get("auroc", {}), figures.get("calibration_slope", {})
    found = rules.optimism(auroc.get("apparent"), auroc.get("corrected"), slope.get("corrected"))
    if found.status == "not assessed":
        return found
    by = {"auroc_by": _corrected_by(auroc), "slope_by": _corrected_by(slope)}
    return replace(found, figures={**found.figures, **by})


def _corrected_by(row: Mapping[str, Any]) -> str:
    """Whether a figure is corrected, or cross-validated where no correction is trusted."""
    across = row.get("corrected_by") == CROSS_VALIDATED
    return words.CROSS_VALIDATED if across else words.CORRECTED


def _unstable_explanation(manifest: Mapping[str, Any]) -> Pitfall:
    bootstrap = manifest["validation"].get("bootstrap") or {}
    rows = bootstrap.get("explanation", ())
    return rules.unstable_explanation(
        [
            (row["variable"], row["mean_absolute_shap"])
            for row in manifest["explanation"]["importance"]
        ],
        {row["variable"]: row["top"] for row in rows},
        max((row["refits"] for row in rows), default=0),
    )


def _rows_for_patients(manifest: Mapping[str, Any]) -> Pitfall:
    source = manifest["config"]["cohort"]
    return rules.rows_for_patients(
        named=source.get("patient") is not None,
        together=manifest["cohort"]["group"] != "none" or not source.get("repeated_rows", False),
    )


def _failed_resamples(manifest: Mapping[str, Any]) -> Pitfall:
    bootstrap = manifest["validation"].get("bootstrap")
    resamples = bootstrap["resamples"] if bootstrap else {"drawn": 0, "used": 0}
    return rules.failed_resamples(resamples["drawn"], resamples["used"])


def _unstable_choice(manifest: Mapping[str, Any]) -> Pitfall:
    found = manifest["validation"].get("with_choice") or {}
    shares = {row["name"]: row["share"] for row in found.get("chosen_models", ())}
    return rules.unstable_choice(manifest["model"]["label"], shares)


def _centre_performance(manifest: Mapping[str, Any]) -> Pitfall:
    centres = manifest["validation"].get("centres") or {}
    between: dict[str, tuple[float, float] | None] = {}
    for row in centres.get("summaries", ()):
        low, high = row["prediction_low"], row["prediction_high"]
        between[row["figure"]] = None if low is None or high is None else (low, high)
    return rules.centre_performance(between.get("auroc"), between.get("observed_expected"))


def _cut_short(manifest: Mapping[str, Any]) -> Pitfall:
    return rules.cut_short(manifest["validation"]["notes"])


FROM_MANIFEST: Mapping[str, Callable[[Mapping[str, Any]], Pitfall]] = {
    "events_per_parameter": _events_per_parameter,
    "optimism": _optimism,
    "unstable_explanation": _unstable_explanation,
    "rows_for_patients": _rows_for_patients,
    "failed_resamples": _failed_resamples,
    "unstable_choice": _unstable_choice,
    "centre_performance": _centre_performance,
    "cut_short": _cut_short,
}

OF_EVENT = Told(words.INTRODUCTION, words.FINDINGS, RULES, FROM_MANIFEST)


def _check(
    number: int,
    found: Pitfall,
    how: Told,
    labels: Mapping[str, str],
    tables: set[str],
    cell_size: int,
) -> Check:
    name = words.NAMES[found.code]
    if found.status == "not assessed":
        told = words.NOT_ASSESSED.format(reason=found.reason)
        unknown = found.reason in (words.NO_FINDINGS, words.NO_PART, words.OTHER_VERSION)
        meaning = words.UNKNOWN_MEANING if unknown else words.NOTHING_MEANING
        return Check(number, found.code, name, found.status, told, meaning)
    hidden = hidden_words.HIDING.get(found.code, "") in {
        k for k, v in found.figures.items() if v is None
    }
    templates = how.findings[found.code]
    if hidden:
        templates = {**templates, **hidden_words.HIDDEN.get(found.code, {})}
    template = _by_status(templates, found.status)
    told = template.format_map(_Texts(_texts(found, labels, cell_size)))
    if "state" in found.figures:
        told = words.OF_STATE.format(told=told, state=str(found.figures["state"]).replace("_", " "))
    own = _table_id(found.code)
    meaning = _by_status(words.MEANINGS[found.code], found.status)
    if found.code == "calibration_drift" and found.status == "passed" and _beyond_chance(found):
        meaning = words.SMALL_DRIFT
    return Check(
        number,
        found.code,
        name,
        found.status,
        told,
        meaning,
        own if own in tables else words.SECTIONS.get(found.code, ""),
    )


def _beyond_chance(found: Pitfall) -> bool:
    """Whether a drift that is too small for a note is there all the same."""
    p_value = found.figures.get("p_value")
    return isinstance(p_value, float) and p_value < DRIFT_P


class _Texts(dict[str, str]):
    """Findings of another version may lack a figure; the sentence then says so."""

    def __missing__(self, key: str) -> str:
        return words.NOT_SHOWN


def _by_status(templates: Mapping[str, str], status: str) -> str:
    return templates.get(status) or templates[""]


def _texts(found: Pitfall, labels: Mapping[str, str], cell_size: int) -> dict[str, str]:
    """The figures of a check as they are read."""
    texts = {key: _text(key, value, labels) for key, value in found.figures.items()}
    if found.code == "centre_shift" and found.figures.get("variable") is None:
        texts["variable"] = words.SHARE_OF_EVENTS
    if found.code == "separation":
        texts["states"] = texts.get("uniform_states", words.NOT_SHOWN)
    if found.code == "copied_rows" and found.figures.get("copies") is None:
        texts["copies"] = words.FEWER.format(cell_size=cell_size)
    return texts


def _text(key: str, value: Value, labels: Mapping[str, str]) -> str:
    if value is None:
        return words.NOT_SHOWN
    if key == "variable":
        return labels.get(str(value), str(value))
    if isinstance(value, float):
        return _number(key, value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(key: str, value: float) -> str:
    """A number by what it is.

    >>> _number("share", 0.305), _number("p_value", 0.0004), _number("drift", 0.0213)
    ('30%', 'p < 0.001', '2.1')
    """
    if key in _PERCENT:
        return f"{value:.0%}"
    if key in _POINTS:
        return f"{100 * value:.1f}"
    if key in _P_VALUES:
        return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
    return f"{value:,.{_DECIMALS.get(key, 2)}f}"


_PERCENT = {"share", "other_share", "patients"}
_POINTS = {"drift", "spread", "by_chance"}
_P_VALUES = {"p_value", "trend_p", "runs_p"}
_DECIMALS = {"per_parameter": 1}


def _labels(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {name: entry["label"] for name, entry in manifest["dictionary"].items()}


def _details(
    found: Sequence[Pitfall], labels: Mapping[str, str], cell_size: int
) -> Iterator[Table]:
    for one in found:
        if one.status not in ("note", "warning") or not one.rows or one.code not in words.DETAILS:
            continue
        keys = list(one.rows[0])
        rows = tuple(_read(row, labels) for row in one.rows)
        hidden = any(None in row.values() for row in rows)
        yield Table(
            _table_id(one.code),
            words.DETAILS[one.code],
            tuple(_column(key, rows) for key in keys),
            rows,
            words.DETAIL_NOTE.format(cell_size=cell_size) if hidden else "",
        )


def _read(row: Mapping[str, Value], labels: Mapping[str, str]) -> dict[str, Value]:
    """A row with labels for names; the share of events has no name."""
    read = dict(row)
    for key in ("variable", "first", "second"):
        if key in read:
            name = read[key]
            read[key] = words.SHARE_OF_EVENTS if name is None else labels.get(str(name), name)
    if "code" in read:
        read["code"] = words.SUSPICIONS.get(str(read["code"]), read["code"])
    return read


def _column(key: str, rows: Sequence[Mapping[str, Value]]) -> Column:
    if key == "share":
        return Column(key, words.LABELS[key], "percent", 0)
    number = any(isinstance(row[key], float) for row in rows)
    return Column(key, words.LABELS[key], "number" if number else "text")


def _table_id(code: str) -> str:
    return f"{ID}-{code.replace('_', '-')}"


def _counts(checks: Sequence[Check]) -> Iterator[Fact]:
    for status, label, meaning in (
        ("warning", words.WARNING_LABEL, words.WARNING_MEANING),
        ("note", words.NOTE_LABEL, words.NOTE_MEANING),
        ("passed", words.PASSED_LABEL, words.PASSED_MEANING),
        ("not assessed", words.UNASSESSED_LABEL, words.UNASSESSED_MEANING),
    ):
        yield Fact(label, str(sum(check.status == status for check in checks)), meaning)


def _rules(checks: Sequence[Check], told: Told) -> Table:
    rows = tuple(
        {"number": c.number, "check": c.name, "status": c.status, "rule": told.rules[c.code]}
        for c in checks
    )
    columns = (
        Column("number", "Number", "count"),
        Column("check", "Check"),
        Column("status", "Result"),
        Column("rule", "Rule"),
    )
    return Table(f"{ID}-rules", words.RULES_CAPTION, columns, rows, folded=True)
