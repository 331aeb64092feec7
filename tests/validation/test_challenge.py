"""The rule by which a challenger replaces the champion, by hand and against paired losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor.errors import BundleError
from predictor.validation.challenge import judge

# Name, loss, difference to the best, its error, chosen
Row = tuple[str, float, float, float, bool]

PREVALENCE: Row = ("prevalence", 0.65, 0.15, 0.04, False)


def _manifest(*rows: Row, figure: str = "log_loss", **changes: Any) -> dict[str, Any]:
    models = [
        {
            "name": name,
            figure: loss,
            f"{figure}_difference": difference,
            f"{figure}_difference_se": error,
            "chosen": chosen,
            "settings": {},
        }
        for name, loss, difference, error, chosen in rows
    ]
    content: dict[str, Any] = {
        "name": "study",
        "outcome": {"name": "response", "event": ["remission"], "horizon": "6 months"},
        "cohort": {"digest": "sha256:aa"},
        "validation": {"models": models},
    }
    return content | changes


CHAMPION = _manifest(PREVALENCE, ("ridge", 0.50, 0.0, 0.0, True))


def test_a_procedure_in_both_comparisons_gives_the_paired_error_itself() -> None:
    challenger = _manifest(
        ("prevalence", 0.65, 0.18, 0.05, False),
        ("ridge", 0.50, 0.03, 0.01, False),
        ("forest", 0.47, 0.0, 0.0, True),
    )
    found = judge(CHAMPION, challenger)
    assert (found.gain, found.error) == pytest.approx((0.03, 0.01))
    assert found.paired
    assert found.better


def test_the_prevalence_alone_gives_an_error_that_is_not_too_small() -> None:
    challenger = _manifest(
        ("prevalence", 0.65, 0.18, 0.05, False), ("forest", 0.47, 0.0, 0.0, True)
    )
    found = judge(CHAMPION, challenger)
    assert found.error == pytest.approx(0.04 + 0.05)
    assert not found.paired
    assert not found.better


def test_a_gain_of_exactly_the_error_is_not_enough() -> None:
    challenger = _manifest(("ridge", 0.50, 0.25, 0.25, False), ("forest", 0.25, 0.0, 0.0, True))
    found = judge(CHAMPION, challenger)
    assert found.gain == found.error == 0.25
    assert not found.better


def test_a_worse_challenger_is_not_better_however_small_the_error() -> None:
    challenger = _manifest(("ridge", 0.50, 0.0, 0.0, False), ("forest", 0.51, 0.01, 0.0, True))
    assert not judge(CHAMPION, challenger).better


def test_the_same_procedure_differs_by_nothing_and_is_no_gain() -> None:
    found = judge(CHAMPION, CHAMPION)
    assert (found.gain, found.error, found.better) == (0.0, 0.0, False)


def test_a_model_chosen_for_simplicity_counts_with_its_own_loss_and_error() -> None:
    # The rule took the second best; its error to the best is on the way to everything else
    challenger = _manifest(
        PREVALENCE, ("firth", 0.505, 0.005, 0.01, True), ("forest", 0.50, 0.0, 0.0, False)
    )
    found = judge(CHAMPION, challenger)
    assert found.challenger == 0.505
    assert found.error == pytest.approx(0.04 + 0.04 + 0.01)


def test_models_of_a_time_are_judged_by_the_brier_score() -> None:
    champion = _manifest(PREVALENCE, ("cox", 0.2, 0.0, 0.0, True), figure="brier")
    assert judge(champion, champion).figure == "brier"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {"outcome": {"name": "response", "event": ["flare"], "horizon": "6 months"}},
            r"otherwise than the champion's \(event\)",
        ),
        ({"cohort": {"digest": "sha256:bb"}}, "validated on different patients"),
        ({"cohort": {}}, "does not name its patients"),
        ({"validation": {"models": []}}, "holds no comparison of candidates with errors"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(
    changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(BundleError, match=f"cannot be compared with the champion.*\n.*{code}"):
        judge(CHAMPION, CHAMPION | changes)


def test_every_reason_is_told_at_once() -> None:
    other = CHAMPION | {"outcome": {"name": "other"}, "cohort": {"digest": "sha256:bb"}}
    with pytest.raises(BundleError) as caught:
        judge(CHAMPION, other)
    assert [reason.code for reason in caught.value.reasons] == ["other_outcome", "other_cohort"]


def test_words_for_readers_do_not_make_another_outcome() -> None:
    labelled = CHAMPION | {"outcome": {**CHAMPION["outcome"], "label": "Remission"}}
    assert judge(CHAMPION, labelled).gain == 0.0


def test_another_seed_is_refused_even_where_stratified_folds_give_an_equal_loss() -> None:
    def by(**plan: Any) -> dict[str, Any]:
        whole = {"folds": 5, "repeats": 3, "seed": 1, "group": "none", **plan}
        return CHAMPION | {"validation": {**CHAMPION["validation"], "plan": whole}}

    assert judge(by(), by(bootstrap=50)).gain == 0.0
    with pytest.raises(BundleError, match=r"on other folds \(repeats, seed\)"):
        judge(by(), by(seed=2, repeats=4))


def test_a_rule_is_compared_by_what_it_says_where_both_models_know_theirs() -> None:
    def told(**changes: Any) -> dict[str, Any]:
        rule = {"column": "y", "definition": "a.yaml", "definition_digest": "sha256:1"}
        return CHAMPION | {"outcome": {**CHAMPION["outcome"], "told": {**rule, **changes}}}

    assert judge(CHAMPION, told()).gain == 0.0
    assert judge(told(), told(column="z", definition="b.yaml")).gain == 0.0
    with pytest.raises(BundleError, match=r"otherwise than the champion's \(told\)"):
        judge(told(), told(definition_digest="sha256:2"))
    with pytest.raises(BundleError, match=r"otherwise than the champion's \(told\)"):
        judge(told(), told(at={"nearest": 30}))


def test_other_folds_are_refused_since_nothing_has_the_same_loss() -> None:
    other = _manifest(("prevalence", 0.6502, 0.15, 0.04, False), ("ridge", 0.5001, 0.0, 0.0, True))
    with pytest.raises(BundleError, match="folds or patients must differ"):
        judge(CHAMPION, other)


def test_the_error_is_never_smaller_than_that_of_the_paired_losses() -> None:
    generator = np.random.default_rng(7)
    for _ in range(200):
        patients = 40
        common = generator.normal(0.65, 0.1, patients)
        losses = {
            name: common + generator.normal(-0.05, generator.uniform(0.02, 0.3), patients)
            for name in ("ridge", "forest", "boosting")
        }
        first = {"prevalence": common, "ridge": losses["ridge"]}
        second = {
            "prevalence": common,
            "forest": losses["forest"],
            "boosting": losses["boosting"],
        }
        found = judge(_compared(first, "ridge"), _compared(second, "forest"))
        paired = losses["ridge"] - losses["forest"]
        error = paired.std(ddof=1) / np.sqrt(patients)
        assert found.gain == pytest.approx(paired.mean())
        assert found.error >= error * (1 - 1e-9)
        within = _compared({**first, "forest": losses["forest"]}, "forest")
        exact = judge(_compared(first, "ridge"), within)
        if exact.paired:
            assert exact.error == pytest.approx(error)


def _compared(losses: dict[str, Any], chosen: str) -> dict[str, Any]:
    """A manifest as training writes it: differences to the best, with paired errors."""
    best = min(losses, key=lambda name: losses[name].mean())
    rows = []
    for name, loss in losses.items():
        difference = loss - losses[best]
        error = difference.std(ddof=1) / np.sqrt(len(loss))
        rows.append(
            (name, float(loss.mean()), float(difference.mean()), float(error), name == chosen)
        )
    return _manifest(*rows)
