"""The model card says what a bundle is and gives no small count away."""

from __future__ import annotations

from typing import Any

import pytest
from made_validation import bootstrap, validation

from predictor.clinical.dictionary import load_dictionary
from predictor.report.model_card import escaped, model_card


@pytest.fixture
def manifest() -> dict[str, Any]:
    dictionary = load_dictionary()
    figures = {
        "log_loss": 0.6,
        "brier": 0.2,
        "auroc": 0.7,
        "auroc_low": 0.6,
        "auroc_high": 0.8,
        "calibration_slope": None,
        "calibration_slope_low": None,
        "calibration_slope_high": None,
    }
    return {
        "name": "demo",
        "outcome": {
            "label": "remission",
            "horizon": "6 months",
            "time_zero": None,
            "population": "adults",
        },
        "predictors": ["c3", "sex"],
        "prediction": {"most_missing": 0.5},
        "evidence": {"level": "exploratory", "statement": "31 patients with 11 events."},
        "cohort": {
            "digest": "sha256:0",
            "group": "patient",
            "patients": 31,
            "events": 11,
            "flow": [
                {"step": "read", "patients": 33},
                {"step": "excluded: outcome missing", "patients": 2},
                {"step": "analysed", "patients": 31},
            ],
            "warnings": [{"variable": "c3", "code": "suspicious_unit", "count": 3}],
        },
        "validation": {
            "plan": {"repeats": 10, "folds": 5, "seed": 1},
            "models": [{"label": "Ridge logistic", "chosen": True, **figures}],
        },
        "explanation": {
            "scale": "log-odds",
            "importance": [
                {"variable": "c3", "mean_absolute_shap": 0.1},
                {"variable": "sex", "mean_absolute_shap": 0.4},
            ],
        },
        "model": {
            "label": "Ridge logistic",
            "kind": "linear",
            "setting": {"penalty": 10.0},
            "smallest_leaf": None,
        },
        "privacy": {"cell_size": 5},
        "config": {"preparation": {"imputation": "median"}},
        "dictionary": {n: dictionary.variable(n).to_dict() for n in ("c3", "sex", "primary_aps")},
        "environment": {"python": "3.11", "packages": {"numpy": "2.4"}},
    }


def test_the_evidence_level_comes_before_everything_else(manifest: dict[str, Any]) -> None:
    lines = [line for line in model_card(manifest).splitlines() if line]
    assert lines[0] == "# demo"
    assert lines[1].startswith("**EXPLORATORY.** 31 patients with 11 events.")


def test_a_small_excluded_count_is_masked_also_against_subtraction(
    manifest: dict[str, Any],
) -> None:
    card = model_card(manifest)
    assert "| excluded: outcome missing | fewer than 5 |" in card
    assert "33" not in card


def test_large_counts_are_shown(manifest: dict[str, Any]) -> None:
    manifest["cohort"]["flow"][0]["patients"] = 41
    manifest["cohort"]["flow"][1]["patients"] = 10
    card = model_card(manifest)
    assert "| read | 41 |" in card
    assert "| excluded: outcome missing | 10 |" in card


def test_predictors_stand_in_order_of_importance_with_units(manifest: dict[str, Any]) -> None:
    card = model_card(manifest)
    assert card.index("| Sex | female, male |") < card.index(
        "| Complement C3 | mg/dL | 80 to 180 |"
    )


def test_a_demonstration_says_that_it_is_not_for_care(manifest: dict[str, Any]) -> None:
    manifest["evidence"]["level"] = "demonstration"
    assert "**Not for care.** Every patient behind this model is simulated." in model_card(manifest)


def test_a_forest_with_small_leaves_is_not_meant_for_sharing(manifest: dict[str, Any]) -> None:
    manifest["model"] |= {"kind": "estimator", "smallest_leaf": 1}
    assert "encode single patients and is not meant for sharing" in model_card(manifest)
    manifest["model"]["smallest_leaf"] = 5
    assert "not meant for sharing" not in model_card(manifest)


@pytest.mark.parametrize("nasty", ["a|b", "# x", "<script>", "[x](y)", "two\nlines", "*x*"])
def test_names_from_outside_cannot_break_the_layout(manifest: dict[str, Any], nasty: str) -> None:
    plain = model_card(manifest)
    manifest["outcome"]["population"] = nasty
    manifest["model"]["label"] = nasty
    card = model_card(manifest)
    assert len(card.splitlines()) == len(plain.splitlines())
    assert escaped(nasty) in card
    assert "<script>" not in card


def test_what_is_not_defined_is_a_dash_and_never_nan(manifest: dict[str, Any]) -> None:
    card = model_card(manifest)
    assert "| 0.70 (0.60 to 0.80) | 0.600 | 0.200 | – |" in card
    assert "nan" not in card.lower()


def test_a_bundle_from_before_the_validation_has_no_section_of_it(
    manifest: dict[str, Any],
) -> None:
    assert "Internal validation" not in model_card(manifest)
    assert "chosen as the simplest model within one standard error" in model_card(manifest)


def test_the_validation_stands_as_a_table_with_its_lines(manifest: dict[str, Any]) -> None:
    manifest["validation"] |= validation()
    card = model_card(manifest)
    _, _, section = card.partition("## Internal validation\n")
    lines = section.partition("\n## ")[0].splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("| figure"))
    assert lines[head - 1] == ""  # Markdown wants a blank line before a table
    assert lines[head + 2] == (
        "| AUROC | 0.86 | 0.71 (0.52 to 0.85) | 0.74 (0.55 to 0.91) | 0.76 | 0.69 |"
    )
    assert lines[head + 3] == "| Calibration slope | 1.90 | – | 1.10 | 1.10 | 0.90 |"
    assert lines[head + 4] == "| Net benefit at 25% | 0.21 | – | 0.15 | 0.15 | – |"
    assert lines[head + 5] == ""  # what has no name for people is left out
    bullets = [line for line in lines if line.startswith("- ")]
    assert bullets == lines[head + 6 : head + 6 + len(bullets)]
    for beginning in ("Corrected for optimism", "Stability", "Tuning chose", "Among the three",
                      "Where the choice", "Signal found: p = 0.03", "Note: Bootstrap"):  # fmt: skip
        assert any(line.startswith(f"- {beginning}") for line in bullets), beginning


def test_the_prevalence_has_the_test_for_signal_and_no_table(manifest: dict[str, Any]) -> None:
    manifest["validation"] |= validation(bootstrap=bootstrap(explanation=[]), with_choice=None)
    card = model_card(manifest)
    assert "| figure |" not in card
    assert "- Signal found: p = 0.03" in card


def test_no_validation_asked_for_has_no_section(manifest: dict[str, Any]) -> None:
    nothing = validation(bootstrap=None, with_choice=None, signal=None, notes=[])
    manifest["validation"] |= nothing
    assert "Internal validation" not in model_card(manifest)


def test_a_model_named_beforehand_is_not_called_the_simplest(manifest: dict[str, Any]) -> None:
    model = manifest["validation"]["models"][0]
    manifest["validation"]["models"] = [
        {**model, "name": "prevalence", "label": "Prevalence", "chosen": False},
        {**model, "name": "ridge"},
    ]
    manifest["validation"]["choice"] = {"named_beforehand": True, "by_rule": "prevalence"}
    said = " ".join(model_card(manifest).split())
    assert "Ridge logistic (penalty 10), named beforehand; the rule takes Prevalence, the" in said
