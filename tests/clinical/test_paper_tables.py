"""The plan of the descriptive tables: it fits the dictionary, and a broken one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.paper_tables import load_table_plans
from predictor.errors import DictionaryError

DICTIONARY = load_dictionary()


def test_every_variable_of_the_plan_is_in_the_dictionary_with_its_states():
    for plan in load_table_plans():
        for section in plan.sections:
            for row in section.rows:
                variable = DICTIONARY.variable(row.variable)
                assert set(row.states or ()) <= set(variable.states)
                assert variable.kind == "continuous" or row.statistic is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1", "it must hold a list of tables"),
        ("tables: [{number: 1, kind: paired, sections: [], colour: red}]", "unknown key 'colour'"),
        ("tables: [{number: one, kind: paired, sections: []}]", "are whole numbers"),
        ("tables: [{number: 1, kind: pears, sections: []}]", "characteristics or paired"),
        ("tables: [{number: 1, kind: paired}]", "needs a list of sections"),
        ("tables: [{number: 1, kind: paired, sections: [{title: A}]}]", "needs a list of rows"),
        (
            "tables: [{number: 1, kind: paired, sections: [rows: [{variable: a, statistic: b}]]}]",
            "must be mean_sd or median_iqr",
        ),
        (
            "tables: [{number: 1, kind: paired, sections: [rows: [{variable: a, states: b}]]}]",
            "must map a state to its label",
        ),
        (
            "tables: [{number: 1, kind: paired, sections: [rows: [{variable: a, implies: b}]]}]",
            "'implies' must be a list of variables",
        ),
        (
            "tables: [{number: 1, kind: paired, sections: [rows: [{variable: a}, {variable: a}]]}]",
            "listed twice: a",
        ),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused(tmp_path: Path, text, message):
    file = tmp_path / "tables.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DictionaryError, match=message):
        load_table_plans(file)
