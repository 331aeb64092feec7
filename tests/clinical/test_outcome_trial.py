"""Rules and states that contradict each other, what is reachable, and what is odd about numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.expression import parse_expression
from predictor.clinical.outcome_definitions import load_outcome, outcome_names
from predictor.clinical.outcome_trial import contradicted
from predictor.errors import ExpressionError, OutcomeError

DICTIONARY = load_dictionary()
OWN = """
label: Kidneys
reference: {authors: We, title: T, journal: this study, year: 2026}
rule: %s
states:
  complete: %s
  partial: %s
otherwise: none
"""
COMPLETE = "proteinuria < 500 and creatinine <= 1.15 * index.creatinine"
PARTIAL = "proteinuria < 3000 and proteinuria <= 0.5 * index.proteinuria"


def own(folder: Path, rule: str, complete: str = COMPLETE, partial: str = PARTIAL) -> Path:
    path = folder / "kidneys.yaml"
    path.write_text(OWN % (rule, complete, partial), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", outcome_names())
def test_no_shipped_definition_contradicts_itself(name):
    found = load_outcome(name, DICTIONARY)
    assert list(contradicted(found.rule, found.states or {}, found.otherwise, DICTIONARY)) == []


@pytest.mark.parametrize("rule", [f"({COMPLETE}) or ({PARTIAL})", COMPLETE])
def test_a_state_may_lie_inside_the_rule_or_outside_it(tmp_path, rule):
    assert load_outcome(own(tmp_path, rule), DICTIONARY).state_names == (
        "complete",
        "partial",
        "none",
    )


@pytest.mark.parametrize("rule", ["proteinuria < 300", PARTIAL, "creatinine < 1"])
def test_a_rule_that_contradicts_its_states_is_refused(tmp_path, rule):
    with pytest.raises(OutcomeError) as refused:
        load_outcome(own(tmp_path, rule), DICTIONARY)
    assert "rule_and_states" in {reason.code for reason in refused.value.reasons}
    assert "contradict each other" in str(refused.value)


def test_a_score_and_its_items_do_not_contradict_each_other(tmp_path):
    """A score of 0 has no item: visits that are tried must be possible."""
    path = own(
        tmp_path, "sledai_2k == 0", "sledai_2k == 0 and not sledai_seizure", "sledai_2k == 0"
    )
    assert load_outcome(path, DICTIONARY).otherwise == "none"


def test_which_states_can_come_out_without_a_variable():
    found = load_outcome("renal_response", DICTIONARY)
    assert found.reachable(lambda _: True) == (True, True, True)
    assert found.reachable(lambda name: name != "proteinuria") == (False, False, True)
    assert found.reachable(lambda name: name != "index.proteinuria") == (True, False, True)
    doris = load_outcome("doris_2021", DICTIONARY)
    assert doris.reachable(lambda name: name != "pga") == (False, True)


def test_a_division_by_the_number_0_is_refused():
    with pytest.raises(ExpressionError, match="division by 0 has no answer"):
        parse_expression("c3 / 0 > 1", DICTIONARY, "rule")


def test_a_number_of_another_unit_is_told_with_the_unit():
    (caution,) = parse_expression("glucocorticoid_dose <= 5", DICTIONARY, "rule").cautions
    assert "counted in mg/week" in caution.message
    assert "mg/day" in caution.message


@pytest.mark.parametrize("name", outcome_names())
def test_a_state_that_cannot_be_reached_never_comes_out(name):
    found = load_outcome(name, DICTIONARY)
    generator = np.random.default_rng(1)
    names = sorted(found.variables)
    for gone in names:
        variables = [DICTIONARY.variable(n) for n in names]
        now, index = (
            {v.name: drawn(v, generator) for v in variables if v.name != gone} for _ in range(2)
        )
        reachable = found.reachable(lambda n, gone=gone: n.removeprefix("index.") != gone)
        if found.states is None:
            came = {1 - truth for truth in found.truth(now, index) if truth >= 0}
        else:
            came = {place for place in found.state(now, index) if place >= 0}
        assert {int(place) for place in came} <= {p for p, there in enumerate(reachable) if there}


def drawn(variable, generator):
    """Values of 500 visits, many of them low."""
    if variable.states:
        return generator.integers(0, len(variable.states), 500).astype(float)
    low, high = variable.plausible.bounds()
    return low + (high - low) * generator.random(500) ** 3
