"""Every check is told with what was found and what it means, in bundles of whatever age."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_standings
import pytest

from predictor.report.contents import pitfall_words as words
from predictor.report.contents.pitfalls import found_in, pitfalls
from predictor.report.contents.source import Source, open_source
from predictor.report.document import Check, Checks, Table
from predictor.validation.pitfall import CODES, RULES

Figures = Mapping[str, Any]

# What the checks of a training find, one for each status that their rules can give.
FOUND: list[tuple[str, str, Figures, list[Figures], str]] = [
    ("leakage", "passed", {"variable": "c3", "auroc": 0.77, "suspected": 0}, [], "AUROC of 0.77"),
    ("leakage", "note", {"variable": "c3", "auroc": 0.93}, [], "Complement C3 alone has an AUROC"),
    (
        "leakage",
        "warning",
        {"variable": "c3", "auroc": 1.0, "suspected": 1},
        [{"variable": "c3", "code": "suspected_leakage"}],
        "or by being missing: 1.",
    ),
    ("separation", "passed", {"separated": False, "uniform_states": 0}, [], "No combination"),
    ("separation", "note", {"separated": False, "uniform_states": 2}, [], "had the event: 2."),
    ("separation", "warning", {"separated": True, "uniform_states": 0}, [], "separates all events"),
    (
        "calibration_drift",
        "note",
        {"drift": 0.062, "spread": 0.08, "by_chance": 0.05, "p_value": 0.0005},
        [],
        "8.0 percentage points between test folds, 5.0 by chance; 6.2 are left (p < 0.001)",
    ),
    ("imputation", "passed", {"variable": None, "share": 0.0}, [], "more than 5%"),
    (
        "imputation",
        "note",
        {"variable": "c4", "share": None, "above": 0, "patients": None},
        [{"variable": "c4", "share": None}],
        "Some values of Complement C4 were filled in; how many is hidden.",
    ),
    (
        "imputation",
        "warning",
        {"variable": "c4", "share": 0.3, "above": 1, "patients": 0.3},
        [{"variable": "c4", "share": 0.3}],
        "the most, 30%, of Complement C4",
    ),
    ("centre_shift", "passed", {"centres": 3, "compared": 3}, [], "Of 3 centres, 3 were compared"),
    (
        "centre_shift",
        "warning",
        {"centres": 3, "compared": 3, "variable": None, "smd": 0.8, "beyond_chance": 1},
        [{"centre": 1, "variable": None, "smd": 0.8}],
        "0.80 standard deviations, of the share of events",
    ),
    (
        "row_order",
        "warning",
        {"p_value": 0.0, "trend_p": 0.0, "runs_p": 0.4, "within_centres": False},
        [],
        "p < 0.001; trend p < 0.001, runs p = 0.4.",
    ),
    (
        "telling_gaps",
        "note",
        {"variable": "c4", "p_value": None, "predictors": 2},
        [{"variable": "c4"}],
        "Whether Complement C4 is missing goes with the outcome.",
    ),
    ("copied_rows", "warning", {"copies": None, "by_chance": 0.0}, [], "fewer than 5"),
    ("copied_rows", "warning", {"copies": 8, "by_chance": 0.0}, [], "another patient: 8."),
    (
        "nearly_constant",
        "note",
        {"predictors": 1},
        [{"variable": "c4", "share": None}],
        "hardly vary: 1.",
    ),
    (
        "alike_predictors",
        "note",
        {"largest": 0.9, "pairs": 1},
        [{"first": "c3", "second": "c4", "correlation": 0.93}],
        "at least 0.9: 1.",
    ),
    (
        "tuning_edge",
        "note",
        {"share": 0.75, "folds": 50},
        [{"setting": "penalty", "end": "lowest", "value": 0.01, "share": 0.75}],
        "75% of 50 folds",
    ),
]


@pytest.fixture(scope="module")
def shipped(root: Path) -> Source:
    return open_source(root / "models" / "remission")


def with_check(source: Source, code: str, status: str, figures: Figures, rows: Any) -> Source:
    check = {"code": code, "status": status, "figures": figures, "rows": rows, "reason": ""}
    return replace(source, findings={"pitfalls": {"checks": [check]}})


def told(source: Source) -> dict[str, Check]:
    (block,) = (b for b in pitfalls(source).blocks if isinstance(b, Checks))
    return {check.code: check for check in block.checks}


@pytest.mark.parametrize(("code", "status", "figures", "rows", "sentence"), FOUND)
def test_a_finding_is_told_with_its_figure(
    shipped: Source, code: str, status: str, figures: Figures, rows: Any, sentence: str
) -> None:
    source = with_check(shipped, code, status, figures, rows)
    check = told(source)[code]
    assert check.status == status
    assert sentence in check.finding
    assert check.meaning
    tables = {b.id: b for b in pitfalls(source).blocks if isinstance(b, Table)}
    own = f"pitfalls-{code.replace('_', '-')}"
    if rows and status != "passed":
        assert check.section == own
        assert len(tables[own].rows) == len(rows)
        assert bool(tables[own].note) == any(None in r.values() for r in tables[own].rows)
    else:
        assert own not in tables


def test_every_check_has_its_words() -> None:
    assert set(words.NAMES) == set(words.FINDINGS) == set(words.MEANINGS) == set(CODES)
    for code in CODES:
        for status in ("passed", "note", "warning"):
            if status == "passed" or f"{status.capitalize()}:" in RULES[code]:
                for templates in (words.FINDINGS[code], words.MEANINGS[code]):
                    assert templates.get(status) or templates.get(""), (code, status)


def test_checks_are_numbered_in_a_fixed_order_those_of_every_report_first(shipped: Source) -> None:
    checks = list(told(shipped).values())
    assert [check.number for check in checks] == list(range(1, len(CODES) + 1))
    assert [check.name for check in checks][:9] == [
        "Leakage suspicion",
        "Separation",
        "Events per parameter",
        "Optimism",
        "Calibration drift across folds",
        "Unstable explanation",
        "Imputation above 20%",
        "Shift between centres",
        "Outcome by order of rows",
    ]


def test_a_bundle_without_findings_tells_what_its_manifest_holds(shipped: Source) -> None:
    checks = told(replace(shipped, findings={}))
    assert checks["leakage"].status == "not assessed"
    assert "train again" in checks["leakage"].finding
    assert checks["optimism"].finding.endswith("corrected calibration slope 0.98.")
    assert "473 patients with 153 events" in checks["events_per_parameter"].finding


def test_optimism_is_told_with_the_figures_of_the_table(shipped: Source) -> None:
    manifest = copy.deepcopy(dict(shipped.manifest))
    bootstrap = manifest["validation"]["bootstrap"]
    rows = {row["name"]: row for row in bootstrap["figures"]}
    # Harrell's optimism does not belong to what .632+ corrected.
    rows["auroc"].update(apparent=0.7816, optimism=0.0867, corrected=0.6516)
    rows["calibration_slope"].update(corrected=0.64)
    manifest["validation"]["with_choice"] = {"figures": [{"name": "auroc", "corrected": 0.1}]}
    check = told(replace(shipped, manifest=manifest))["optimism"]
    assert check.status == "warning"
    assert check.finding == (
        "The AUROC is 0.78 apparent and 0.65 corrected; corrected calibration slope 0.64."
    )
    manifest["model"]["candidate"] = "prevalence"
    check = told(replace(shipped, manifest=manifest))["optimism"]
    assert (check.status, check.finding) == (
        "not assessed",
        "Not assessed: the chosen model has no predictors.",
    )


def test_what_the_manifest_says_of_patients_is_judged(shipped: Source) -> None:
    manifest = copy.deepcopy(dict(shipped.manifest))
    manifest["config"]["cohort"]["patient"] = None
    manifest["validation"]["sample_size"]["enough"] = False
    manifest["validation"]["notes"] = ["No test for signal: made for a test."]
    row = {"figure": "auroc", "prediction_low": 0.4, "prediction_high": 0.9}
    manifest["validation"]["centres"] = {"summaries": [row]}
    found = {check.code: check.status for check in found_in(replace(shipped, manifest=manifest))}
    assert found["rows_for_patients"] == "warning"
    assert found["events_per_parameter"] == "warning"
    assert found["cut_short"] == "note"
    assert found["centre_performance"] == "warning"


@pytest.mark.parametrize("bare", [made_standings.manifest(), made_standings.prevalence()])
def test_an_older_bundle_breaks_nothing(bare: dict[str, Any]) -> None:
    checks = told(made_standings.source(bare))
    assert len(checks) == len(CODES)
    assert checks["failed_resamples"].status == "not assessed"


def test_findings_that_another_version_judged_by_other_figures_are_not_told(
    shipped: Source,
) -> None:
    older = {"p_value": 0.0005, "spread": 0.035, "statistic": 0.81, "by_chance": 0.4}
    check = told(with_check(shipped, "calibration_drift", "note", older, []))["calibration_drift"]
    assert check.status == "not assessed"
    assert "another version" in check.finding
    assert "percentage points" not in check.finding
    assert check.meaning == words.UNKNOWN_MEANING
    check = told(with_check(shipped, "row_order", "passed", {}, []))["row_order"]
    assert check.status == "not assessed"


@pytest.mark.parametrize(("p_value", "agree"), [(0.001, False), (0.3, True)])
def test_folds_that_differ_beyond_chance_do_not_agree(
    shipped: Source, p_value: float, agree: bool
) -> None:
    figures = {"drift": 0.04, "spread": 0.059, "by_chance": 0.043, "p_value": p_value}
    check = told(with_check(shipped, "calibration_drift", "passed", figures, []))[
        "calibration_drift"
    ]
    assert ("agree" in check.meaning) == agree
    assert ("by less than 5 percentage points" in check.meaning) != agree


def test_every_rule_is_stated_in_a_table(shipped: Source) -> None:
    (rules,) = (
        b for b in pitfalls(shipped).blocks if isinstance(b, Table) and b.id == "pitfalls-rules"
    )
    assert [row["rule"] for row in rules.rows] == [RULES[code] for code in CODES]


@pytest.mark.parametrize(
    ("share", "status", "sentence"),
    [
        (0.0, "not assessed", "no value of a predictor of the model is missing"),
        (0.1, "note", "In 10% of the patients"),
        (None, "note", "In some patients"),
        (0.51, "warning", "In 51% of the patients"),
    ],
)
def test_what_is_validated_otherwise_than_used_is_told(
    shipped: Source, share: float | None, status: str, sentence: str
) -> None:
    figures = {"variable": "c4", "share": share, "above": 0, "patients": share}
    source = with_check(shipped, "imputation", "passed", figures, [])
    check = told(source)["other_filling"]
    assert check.status == status
    assert sentence in check.finding
    files = {k: v for k, v in shipped.manifest["files"].items() if k != "moments.json"}
    alike = replace(source, manifest={**shipped.manifest, "files": files})
    assert told(alike)["other_filling"].status == "passed"


@pytest.mark.parametrize(
    ("code", "figures"),
    [
        ("row_order", {"p_value": 0.034, "trend_p": 0.017, "runs_p": 0.98}),
        ("telling_gaps", {"variable": "c4", "p_value": 0.03, "predictors": 2}),
        ("telling_gaps", {"variable": "c4", "p_value": None, "predictors": 2}),
        ("alike_predictors", {"largest": 0.88, "pairs": 0}),
    ],
)
def test_what_passes_a_limit_is_not_said_to_be_absent(
    shipped: Source, code: str, figures: Figures
) -> None:
    check = told(with_check(shipped, code, "passed", figures, []))[code]
    assert "beyond the limit set" in " ".join((check.finding, check.meaning))
    assert "does not tell" not in check.meaning
