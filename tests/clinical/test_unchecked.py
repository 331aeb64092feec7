"""What no model checks: the shipped list fits the dictionary, and a wrong list is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.unchecked import Sign, load_treatment
from predictor.errors import DictionaryError

GOOD = """\
treatment: X
words: [X]
source: nobody
undesired: {response: [flare]}
unchecked:
  - name: Kidneys
    note: why
    signs:
      - {variable: creatinine, above: reference}
"""


def test_the_shipped_list_names_what_the_project_promises() -> None:
    found = load_treatment()
    names = " ".join(item.name for item in found.unchecked)
    for word in ("IgA deficiency with antibodies", "Renal impairment", "thrombosis"):
        assert word in names
    assert "EMA/CHMP/BPWP/94038/2007" in found.source


def test_every_sign_is_a_variable_and_every_state_one_of_its_states() -> None:
    dictionary = load_dictionary()
    treatment = load_treatment()
    for item in treatment.unchecked:
        for sign in item.signs:
            variable = dictionary.variable(sign.variable)
            assert variable.time == "baseline"
            if sign.state is not None:
                assert sign.state in variable.states
            else:
                assert sign.limit(variable) is not None
    for outcome, states in treatment.undesired.items():
        assert set(states) <= set(dictionary.variable(outcome).states)


def test_what_is_worth_reading_by_hand() -> None:
    dictionary = load_dictionary()
    creatinine = dictionary.variable("creatinine")  # reference 0.8 to 1.2 mg/dL
    above = Sign("creatinine", None, None)
    assert [above.worth_reading(x, creatinine) for x in (0.5, 1.2, 1.21)] == [False, False, True]
    yes = Sign("acl_igg", "yes", None)
    acl = dictionary.variable("acl_igg")
    assert [yes.worth_reading(x, acl) for x in (0.0, 1.0)] == [False, True]
    assert Sign("age", None, 65.0).worth_reading(66.0, dictionary.variable("age"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("adults with SLE before their first IVIG", True),
        ("adults on intravenous Immunoglobulin", True),
        ("children with active SLE under usual care", False),
    ],
)
def test_a_text_that_names_the_treatment_is_known(text: str, named: bool) -> None:
    assert load_treatment().is_named_in(text) is named


@pytest.mark.parametrize(
    ("outcome", "event", "undesired"),
    [
        ("response", ["remission"], False),
        ("response", ["flare"], True),
        ("response", ["low_disease_activity", "flare"], True),
        ("relapse", [1], True),
        ("relapse", ["yes"], True),
        ("relapse", [0], False),
        ("remission", [1], False),
    ],
)
def test_an_event_that_nobody_wishes_for_is_known(
    outcome: str, event: list[object], undesired: bool
) -> None:
    variable = load_dictionary().variable(outcome)
    assert load_treatment().is_undesired(outcome, event, variable) is undesired


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("treatment: X\n", "", "it holds source, treatment"),
        ("words: [X]", "words: X", "line 2, words: a list of words"),
        ("words: [X]", "words: [X]\nmore: 1", "and nothing else"),
        ("[flare]", "flare", "line 4, undesired.response: a list of states"),
        ("above: reference", "above: much", "line 9, .*above is a number or the word"),
        ("above: reference", "above: yes", "line 9, .*above is a number or the word"),
        ("above: reference", "state: yes", "line 9, .*a state is text"),
        (", above: reference", "", "a sign has a variable, and either"),
        ("    note: why\n", "", "an entry has a name, a note and signs"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    path = tmp_path / "list.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(DictionaryError, match=said):
        load_treatment(path)
