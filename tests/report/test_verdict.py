"""The verdict follows the data by rules: which, where their borders lie, and what each says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from made_standings import corrected, manifest, prevalence, signal, source

from predictor.report.contents import verdict_words
from predictor.report.contents.standing import CODES, Standing, standing
from predictor.report.contents.verdict import verdict_of, verdict_section
from predictor.report.document import Facts, Listing, Paragraph, Section
from predictor.validation.evidence import evidence_level
from predictor.validation.permutation import signal as permuted

GOLDEN = Path(__file__).parent / "golden_verdicts"

EXPLORATORY: dict[str, Any] = {"level": "exploratory"}
SMALL: dict[str, Any] = {"patients": 31, "events": 11, "enough": False, **EXPLORATORY}

CASES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "good": ("ready for external validation", manifest()),
    "31_patients": (
        "too few patients",
        manifest(
            **SMALL,
            bootstrap=corrected((0.63, 0.38, 0.86), (0.52, -0.4, 1.9), 1.02, 0.09, 0.58),
            signal=signal(found=False),
        ),
    ),
    "no_signal": (
        "no signal",
        manifest(
            **EXPLORATORY,
            bootstrap=corrected((0.51, 0.46, 0.57), (0.11, -0.6, 0.8)),
            signal=signal(found=False),
        ),
    ),
    "miscalibrated": (
        "miscalibrated",
        manifest(bootstrap=corrected(slope=(0.63, 0.5, 0.76), ratio=0.71, distance=0.13)),
    ),
    "demonstration": ("demonstration", manifest(500, 161, simulated=True)),
    "prevalence": ("no model", prevalence(**SMALL, signal=signal(found=False))),
    "no_internal_validation": (
        "not validated",
        manifest(**EXPLORATORY, bootstrap=None, signal=None),
    ),
    "no_better": (
        "no better than the prevalence",
        manifest(
            choice={"named_beforehand": True, "by_rule": "prevalence"},
            bootstrap=corrected(auroc=(0.55, 0.49, 0.61)),
        ),
    ),
}


def as_text(section: Section) -> str:
    """What a reader of the section reads, without its layout."""
    lines = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            lines.append(f"[{block.tone}] {block.text}")
        elif isinstance(block, Facts):
            lines += [f"{fact.label} = {fact.value} | {fact.meaning}" for fact in block.facts]
        else:
            assert isinstance(block, Listing)
            lines += [f"{block.title}:", *(f"- {item}" for item in block.items)]
    return "\n".join(lines) + "\n"


def told(described: dict[str, Any], *warnings: str) -> str:
    found = source(described)
    return as_text(verdict_section(found, verdict_of(found, warnings)))


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_model_reads_as_its_golden_text(case: str) -> None:
    code, described = CASES[case]
    assert verdict_of(source(described)).code == code
    golden = GOLDEN / f"{case}.txt"
    if os.environ.get("PREDICTOR_RENEW_GOLDEN"):
        golden.write_text(told(described), encoding="utf-8")
    assert told(described) == golden.read_text(encoding="utf-8")


def test_no_two_kinds_of_model_have_the_same_headline() -> None:
    headlines = {verdict_of(source(described)).headline for _, described in CASES.values()}
    assert len(headlines) == len(CASES)


@pytest.mark.parametrize("case", CASES)
def test_no_verdict_says_that_a_model_can_be_used(case: str) -> None:
    said = told(CASES[case][1]).lower()
    for claim in ("can be used", "may be used", "ready for use", "ready to use", "safe", "benefit"):
        assert claim not in said


@pytest.mark.parametrize("case", CASES)
def test_every_verdict_has_a_reason_and_a_next_step(case: str) -> None:
    found = verdict_of(source(CASES[case][1]))
    assert found.reasons
    assert found.next_steps


def test_every_code_has_its_words_and_its_case() -> None:
    assert set(verdict_words.HEADLINES) == set(verdict_words.STEPS) == set(CODES)
    assert {code for code, _ in CASES.values()} == set(CODES)


def code(**changes: Any) -> str:
    return standing(manifest(**changes)).code


def test_nothing_that_is_simulated_is_anything_but_a_demonstration() -> None:
    assert code(simulated=True) == "demonstration"
    assert code(simulated=True, enough=False) == "demonstration"
    assert standing(prevalence(simulated=True)).code == "demonstration"


def test_too_few_patients_weigh_more_than_a_test_that_found_no_signal() -> None:
    assert code(enough=False) == "too few patients"
    assert code(enough=False, signal=signal(found=False)) == "too few patients"
    assert code(signal=signal(found=False)) == "no signal"


def test_no_signal_weighs_more_than_a_validation_that_was_not_done() -> None:
    assert code(signal=signal(found=False), bootstrap=None) == "no signal"


@pytest.mark.parametrize(
    "missing",
    [
        {"bootstrap": None},
        {"signal": None},
        {"sample_size": None},
        {"bootstrap": corrected(auroc=(None, None, None))},
        {"bootstrap": corrected(slope=(None, None, None))},
    ],
    ids=["bootstrap", "signal", "sample size", "auroc", "slope"],
)
def test_whatever_is_missing_leaves_a_model_not_validated(missing: dict[str, Any]) -> None:
    assert code(**missing) == "not validated"


def test_rows_that_were_taken_for_patients_leave_a_model_not_validated() -> None:
    described = manifest()
    described["cohort"]["group"] = "none"
    assert standing(described).code == "not validated"
    assert verdict_words.ROWS in verdict_of(source(described)).reasons
    assert verdict_words.GIVE_PATIENTS in verdict_of(source(described)).next_steps


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (0.799, "miscalibrated"),
        (0.8, "ready for external validation"),
        (1.25, "ready for external validation"),
        (1.251, "miscalibrated"),
        (-0.4, "miscalibrated"),
    ],
)
def test_the_slope_is_let_pass_from_0_80_to_1_25(slope: float, expected: str) -> None:
    assert code(bootstrap=corrected(slope=(slope, None, None))) == expected


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.799, "miscalibrated"),
        (0.8, "ready for external validation"),
        (1.25, "ready for external validation"),
        (1.251, "miscalibrated"),
        (None, "ready for external validation"),
    ],
)
def test_observed_over_expected_is_let_pass_from_0_80_to_1_25(
    ratio: float | None, expected: str
) -> None:
    assert code(bootstrap=corrected(ratio=ratio)) == expected


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0.1, "ready for external validation"), (0.101, "miscalibrated")],
)
def test_probabilities_may_lie_ten_points_from_the_curve(distance: float, expected: str) -> None:
    assert code(bootstrap=corrected(distance=distance)) == expected


@pytest.mark.parametrize(
    ("low", "expected"),
    [(0.5, "no better than the prevalence"), (0.501, "ready for external validation")],
)
def test_an_interval_that_reaches_chance_is_not_let_pass(low: float, expected: str) -> None:
    assert code(bootstrap=corrected(auroc=(0.6, low, 0.7))) == expected


def test_a_model_named_beforehand_that_the_rule_would_not_take_is_no_better() -> None:
    choice = {"named_beforehand": True, "by_rule": "prevalence"}
    assert code(choice=choice) == "no better than the prevalence"
    said = verdict_of(source(manifest(choice=choice))).reasons
    assert any("was named beforehand; the rule of choice takes the prevalence" in r for r in said)


@pytest.mark.parametrize("enough", [True, False])
@pytest.mark.parametrize("found", [True, False, None])
@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_what_is_ready_is_always_internally_validated(
    enough: bool, found: bool | None, rows: bool, done: bool
) -> None:
    described = manifest(
        enough=enough,
        bootstrap=corrected() if done else None,
        signal=None if found is None else signal(found),
    )
    described["cohort"]["group"] = "none" if rows else "patient"

    reached = evidence_level(
        simulated=False,
        known_people=not rows,
        sufficient=enough,
        signal=None if found is None else permuted("AUROC", 0.7 if found else 0.3, [0.5] * 99, ""),
        validated=done,
    )
    assert (standing(described).code == CODES[-1]) == (reached == "internally validated")


def test_warnings_of_the_checks_come_before_external_validation() -> None:
    found = verdict_of(source(manifest()), ["Leakage suspicion", "Outcome by order of rows"])
    assert found.code == "ready for external validation"
    assert found.headline.startswith("Ready for external validation once the warnings below")
    assert found.reasons[-1] == (
        "Automatic checks that ended in a warning: Leakage suspicion, Outcome by order of rows."
    )
    assert found.next_steps[0].startswith("First answer the warnings under Pitfalls: Leakage")


def test_an_auroc_that_allows_no_plan_gives_no_number_of_patients_outside() -> None:
    perfect = corrected(auroc=(1.0, 0.99, 1.0))
    steps = verdict_of(source(manifest(bootstrap=perfect))).next_steps
    assert steps[0] == "Validate it, unchanged, in patients of another place or time."


def test_a_bundle_of_an_older_format_is_told_of_without_a_crash() -> None:
    described = manifest()
    described["validation"] = {"models": []}
    found = verdict_of(source(described))
    assert found.code == "not validated"
    assert found.reasons[0] == "The bundle does not say how many patients were needed."
    described["cohort"] = {}
    assert "not known" in told(described)


def test_a_prevalence_named_in_the_configuration_is_not_called_the_best() -> None:
    described = prevalence(**SMALL)
    described["validation"]["choice"] = {"named_beforehand": True, "by_rule": "ridge"}
    assert verdict_of(source(described)).headline.endswith("because the configuration names it.")


def test_limits_of_the_population_are_told_with_their_units() -> None:
    described = manifest()
    described["outcome"]["limits"] = {"age": [18.0, 65.0]}
    assert "first IVIG; age 18 to 65 years." in told(described)
    described["outcome"]["limits"] = {"age": [None, 65.0]}
    assert "first IVIG; age at most 65 years." in told(described)


def test_calibration_holds_only_where_the_whole_interval_shows_it() -> None:
    # 300 simulated patients without signal: slope 0.97, but −0.65 to 2.17.
    wide = corrected(auroc=(0.74, 0.70, 0.78), slope=(0.97, -0.65, 2.17))
    assert standing(manifest(bootstrap=wide)).calibration == "undecided"
    assert any(r.startswith("Calibration cannot be judged") for r in reasons(bootstrap=wide))
    assert standing(manifest()).calibration == "holds"
    assert standing(manifest(signal=signal(found=False))).calibration == "undecided"
    assert standing(manifest(bootstrap=corrected(slope=(0.6, 0.5, 0.7)))).calibration == "off"


def test_a_slope_that_the_corrections_contradict_is_the_cross_validated_one() -> None:
    bootstrap = corrected(slope=(0.97, -0.65, 2.17))
    bootstrap["figures"][1] |= {
        "cross_validated": 0.10,
        "cross_validated_low": -1.46,
        "cross_validated_high": 1.65,
    }
    said = told(manifest(bootstrap=bootstrap))
    assert "Calibration slope, cross-validated = 0.10 (−1.46 to 1.65)" in said
    assert verdict_words.SLOPE_CROSS_VALIDATED in said


def test_a_slope_of_a_linear_predictor_that_hardly_varies_is_not_interpreted() -> None:
    found = manifest(bootstrap=corrected(slope=(-10.4, -21.2, 0.3)))
    assert "= not interpretable | The calibration slope (interval −21.20 to 0.30)" in told(found)
    assert not standing(found).miscalibrated
    assert standing(found).code == "no better than the prevalence"


def test_a_p_value_on_both_sides_of_its_limit_decides_nothing() -> None:
    # 86 patients, 39 permutations of the 200 that were asked for.
    test = signal(
        found=False, p_value=0.125, p_low=0.029, p_high=0.24, permutations=39, repeated="it all"
    )
    undecided = manifest(signal=test, plan={"permutations": 200})
    found = verdict_of(source(undecided))
    assert found.code == "not validated"
    assert found.reasons[1].startswith("Not decided: p = 0.12 with 39 permutations of it all")
    assert found.reasons[2].startswith("200 permutations were asked for and 39 were made")
    assert "0.70 to 0.78, lies above 0.5 all the same" in found.reasons[3]
    assert "at least 999 permutations" in found.next_steps[0]
    assert standing(undecided).calibration == "undecided"


def test_a_thousand_permutations_are_taken_as_they_are() -> None:
    near = signal(found=False, p_value=0.0501, p_low=0.046, p_high=0.054, permutations=9999)
    assert code(signal=near) == "no signal"


def test_the_smallest_possible_p_value_is_called_so() -> None:
    # 20 permutations can give no less than 1/21.
    test = signal(found=True, p_value=1 / 21, p_low=0.0, p_high=0.17, permutations=20)
    said = reasons(signal=test)
    assert "No smaller p-value than 0.048 is possible with 20 permutations." in said
    assert "999" in verdict_of(source(manifest(signal=test))).next_steps[0]


def test_simulated_patients_read_differently_by_what_the_model_does() -> None:
    def would_read(**changes: Any) -> str:
        found = verdict_of(source(manifest(simulated=True, **changes)))
        assert found.code == "demonstration"
        return found.reasons[1]

    good, bad = would_read(), would_read(bootstrap=corrected(auroc=(0.41, 0.15, 0.65)))
    assert good.startswith("With real patients this would read: Ready for external validation")
    assert bad.startswith("With real patients this would read: Not ready:")


def test_a_flexible_model_is_not_said_to_have_a_penalty() -> None:
    bootstrap = corrected(slope=(1.49, -2.3, 3.57))
    across = {"cross_validated": 0.9, "cross_validated_low": 0.85, "cross_validated_high": 0.95}
    bootstrap["figures"][1] |= across
    forest = manifest(bootstrap=bootstrap)
    forest["model"]["kind"] = "estimator"
    said = verdict_of(source(forest)).reasons
    assert verdict_words.SLOPE_OF_FLEXIBLE in said
    assert verdict_words.SLOPE_CROSS_VALIDATED not in said


def reasons(**changes: Any) -> tuple[str, ...]:
    return verdict_of(source(manifest(**changes))).reasons


def test_a_standing_without_anything_is_not_ready() -> None:
    assert Standing().code == "not validated"
