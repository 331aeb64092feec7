"""The language of rules: what it understands, what it refuses and where, and its three values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.expression import Expression, parse_expression
from predictor.clinical.expression_tokens import LONGEST_TEXT
from predictor.errors import ExpressionError

DICTIONARY = load_dictionary()
NAN = math.nan


def rule(text: str) -> Expression:
    return parse_expression(text, DICTIONARY, "study.yaml, cohort.index")


def truth(text: str, index: dict[str, float] | None = None, **values: float) -> int:
    columns = {name: np.array([value]) for name, value in values.items()}
    at_index = {name: np.array([value]) for name, value in (index or {}).items()}
    return int(rule(text).truth(columns, at_index)[0])


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("sledai_2k >= 6", {"sledai_2k": 6}, 1),
        ("sledai_2k >= 6", {"sledai_2k": 5}, 0),
        ("sledai_2k >= 6", {"sledai_2k": NAN}, -1),
        ("sledai_2k >= 6", {"c3": 80}, -1),
        ("10 < c3 <= 80", {"c3": 80}, 1),
        ("10 < c3 <= 80", {"c3": 10}, 0),
        ("c3 != 80", {"c3": 80}, 0),
        ("sex == female", {"sex": 0}, 1),
        ("sex != female", {"sex": 0}, 0),
        ("male == sex", {"sex": 1}, 1),
        ('indication == "haemolytic_anaemia"', {"indication": 3}, 1),
        ("response == remission", {"response": 0, "remission": 0}, 1),
        ("indication == haemolytic_anaemia", {"indication": 3, "haemolytic_anaemia": 0}, 1),
        ("haemolytic_anaemia == indication", {"indication": 0, "haemolytic_anaemia": 1}, 0),
        ("fever", {"fever": 1}, 1),
        ("not fever", {"fever": 1}, 0),
        ("fever == no", {"fever": 1}, 0),
        ("fever + arthritis + skin_rash >= 2", {"fever": 1, "arthritis": 0, "skin_rash": 1}, 1),
        ("glucocorticoid_dose / 7 <= 5", {"glucocorticoid_dose": 35}, 1),
        ("glucocorticoid_dose / 7 <= 7.5", {"glucocorticoid_dose": 52.5}, 1),
        ("c3 - 10 * 2 == 60", {"c3": 80}, 1),
        ("c3 - 10 - 20 == 50", {"c3": 80}, 1),
        ("c3 / 2 / 4 == 10", {"c3": 80}, 1),
        ("-c3 + 100 == 20", {"c3": 80}, 1),
        ("(c3 - 10) * 2 == 140", {"c3": 80}, 1),
        ("c3 / crp > 1", {"c3": 80, "crp": 0}, -1),
        ("c3 is missing", {"c3": NAN}, 1),
        ("c3 is missing", {"c3": 80}, 0),
        ("c3 is not missing", {"c3": 80}, 1),
        ("not c3 is missing", {"c3": 80}, 1),
        ("c3 < 80 OR fever AND arthritis", {"c3": 90, "fever": 1, "arthritis": 1}, 1),
        ("(c3 < 80 or fever) and arthritis", {"c3": 70, "fever": 1, "arthritis": 0}, 0),
        ("not fever and arthritis", {"fever": 0, "arthritis": 0}, 0),
        ("sledai_2k >= 6 or fever", {"sledai_2k": NAN, "fever": 1}, 1),
        ("sledai_2k >= 6 or fever", {"sledai_2k": NAN, "fever": 0}, -1),
        ("sledai_2k >= 6 and fever", {"sledai_2k": NAN, "fever": 0}, 0),
    ],
)
def test_a_rule_means_what_it_says(text, values, expected):
    assert truth(text, **values) == expected


def test_the_value_at_the_index_visit_is_another_one():
    doubled = "platelets >= 2 * index.platelets"
    assert rule(doubled).names == rule(doubled).index_names == {"platelets"}
    assert truth(doubled, {"platelets": 20}, platelets=40) == 1
    assert truth(doubled, {"platelets": 21}, platelets=40) == 0
    assert truth(doubled, platelets=40) == -1
    assert truth("index.platelets is missing", platelets=40) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a rule is expected"),
        ("platlets > 30", r"character 1: .* no variable 'platlets'\. Did you mean 'platelets'\?"),
        ("fever and index.platlets > 3", "character 17: .*Did you mean 'platelets'"),
        ("c3 = 80", "character 4: '=' has no meaning in a rule. Write =="),
        ("c3 ≤ 80", "character 4: .* Write <= instead"),
        ("fever && arthritis", "character 7: .*Write the word and"),
        ("c3 < 0,8", "character 6: a number is followed by something else"),
        ("c3 < 80mg", "character 6: .*a bare number means the dictionary's unit"),
        ("c3 < 1e999", "character 6: this number is too large"),
        ("c3 < 1e-", "character 6: a number is followed by something else"),
        ("sex == femal", "character 8: sex has no state 'femal'. Did you mean 'female'"),
        ("sex == 1", "character 8: sex has no state '1'. Known: female, male"),
        ("sex > female", "character 5: states have no order"),
        ("sex + 1 > 2", "character 1: sex has states and is no number"),
        ("sex", "'sex' is neither true nor false"),
        ("c3", "character 1: 'c3' is neither true nor false"),
        ("c3 80", "character 4: something must join '80'"),
        ("fever arthritis", "character 7: something must join 'arthritis'"),
        ("(c3 < 80", "character 1: the bracket opened here is not closed"),
        ("c3 < 80)", "character 8: this bracket closes nothing"),
        ("c3 <", "character 5: a variable or a number is expected, not the end"),
        ("c3 < and fever", "a variable or a number is expected, not 'and'"),
        ("(c3 < 80) + 1 > 2", "a condition stands where a number is expected"),
        ("c3 is 80", "character 7: after 'is' only missing"),
        ("80 is missing", "character 1: only a variable can be missing"),
        ("index. < 3", "after 'index.' the name of a variable is expected"),
        ("1 < 2", "the rule names no variable"),
        ("platelets < 30000", r"character 13: platelets never reaches this number: .*0 to 5000 10"),
        ("'fever", "character 1: .*Close the quotation mark"),
        ("fever == __import__('os')", "character 10: fever has no state '__import__'"),
        ("c3 < 80 if fever else 1", "something must join 'if'"),
        ("not " * 100 + "fever", "more than 30 brackets or negations"),
        ("(" * 100 + "fever" + ")" * 100, "more than 30 brackets or negations"),
        ("-" * 100 + "c3 < 1", "more than 30 brackets or negations"),
        ("fever " * LONGEST_TEXT, f"at most {LONGEST_TEXT} characters"),
        ("\x00", r"U\+0000 has no meaning"),
    ],
)
def test_a_rule_that_is_not_understood_is_refused_with_place_and_next_step(text, message):
    with pytest.raises(ExpressionError, match=message) as caught:
        rule(text)
    assert caught.value.where.startswith("study.yaml, cohort.index")


def test_a_long_chain_is_no_deep_one():
    whole = rule(" or ".join(["fever"] * 500))
    assert whole.truth({"fever": np.array([0.0, 1.0, NAN])}).tolist() == [0, 1, -1]
    assert truth(" + ".join(["c3"] * 500) + " > 1", c3=1) == 1


def test_a_number_that_looks_like_another_unit_is_remembered():
    (caution,) = rule("glucocorticoid_dose <= 5").cautions
    assert caution.code == "suspicious_unit"
    assert "mg/day" in caution.message
    assert "character 24" in caution.where
    assert not rule("glucocorticoid_dose / 7 <= 5").cautions


def test_what_is_not_recorded_limits_what_can_come_out():
    both = rule("c3 < 80 and (pga < 0.5 or fever)")
    assert both.attainable({"c3", "pga", "fever"}) == (True, True)
    assert both.attainable({"c3", "fever"}) == (True, True)
    assert both.attainable({"pga", "fever"}) == (False, True)
    assert rule("c3 < 80 or fever").attainable({"c3"}) == (True, False)
    assert rule("not (c3 < 80 or fever)").attainable({"c3"}) == (False, True)
    assert rule("c3 is missing").attainable(set()) == (True, False)
    assert rule("platelets > index.platelets").attainable({"platelets"}) == (True, True)


@pytest.mark.parametrize("tenths", range(21))
def test_the_last_digit_of_a_binary_fraction_decides_nothing(tenths):
    before, after = tenths / 10, tenths / 10 + 1
    assert truth("pga - index.pga >= 1", {"pga": before}, pga=round(after, 1)) == 1
    assert truth("pga - index.pga > 1", {"pga": before}, pga=round(after, 1)) == 0
    assert truth("pga == index.pga + 1", {"pga": before}, pga=round(after, 1)) == 1
    assert truth("haemoglobin <= 7", haemoglobin=70 * (1 / 10)) == 1
    assert truth("haemoglobin < 7", haemoglobin=6.99) == 1


def test_columns_of_different_lengths_are_an_error_of_the_caller():
    with pytest.raises(ValueError, match="different lengths"):
        rule("c3 < 80").truth({"c3": np.zeros(2), "c4": np.zeros(3)})


# ---- laws

NUMBERS = ["sledai_2k", "c3", "pga"]
FLAGS = ["fever", "arthritis"]
_VALUE = st.one_of(st.just(NAN), st.integers(0, 3).map(float))
FLAG = st.one_of(st.just(NAN), st.sampled_from([0.0, 1.0]))
ROW = st.fixed_dictionaries({**dict.fromkeys(NUMBERS, _VALUE), **dict.fromkeys(FLAGS, FLAG)})
_WORD = st.sampled_from([*NUMBERS, *(f"index.{name}" for name in NUMBERS), "1", "2"])
_SUM = st.builds("{} {} {}".format, _WORD, st.sampled_from("+-*/"), _WORD) | _WORD
_COMPARED = st.builds(
    "{} {} sledai_2k * {}".format, _SUM, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _WORD
)
_LEAF = _COMPARED | st.sampled_from([*FLAGS, "index.fever"])
RULES = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=8,
)


def columns(rows: list[dict[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows]) for name in (*NUMBERS, *FLAGS)}


@given(RULES, RULES, st.lists(st.tuples(ROW, ROW), min_size=1, max_size=5))
def test_de_morgan_holds_with_three_values(a, b, rows):
    now, index = columns([r[0] for r in rows]), columns([r[1] for r in rows])

    def truths(text: str) -> list[int]:
        return rule(text).truth(now, index).tolist()

    assert truths(f"not ({a} and {b})") == truths(f"not ({a}) or not ({b})")
    assert truths(f"not ({a} or {b})") == truths(f"not ({a}) and not ({b})")
    assert truths(f"not (not ({a}))") == truths(a)


@given(RULES, ROW, ROW, ROW, ROW)
def test_filling_in_a_missing_value_never_turns_a_known_answer(text, now, index, more, more_index):
    """Without ``is missing``, which is about knowing itself."""

    def filled(row: dict[str, float], by: dict[str, float]) -> dict[str, float]:
        return {k: by[k] if math.isnan(v) else v for k, v in row.items()}

    before = rule(text).truth(columns([now]), columns([index]))[0]
    after = rule(text).truth(columns([filled(now, more)]), columns([filled(index, more_index)]))[0]
    assert before in (-1, after)


@given(RULES, st.lists(st.tuples(ROW, ROW), min_size=1, max_size=8))
def test_many_rows_at_once_are_each_row_by_itself(text, rows):
    whole = rule(text).truth(columns([r[0] for r in rows]), columns([r[1] for r in rows]))
    each = [rule(text).truth(columns([now]), columns([index]))[0] for now, index in rows]
    assert whole.dtype == np.int8
    assert whole.tolist() == each


@given(RULES, st.sets(st.sampled_from([*NUMBERS, *FLAGS])), st.lists(ROW, min_size=1, max_size=5))
def test_what_is_not_attainable_never_comes_out(text, available, rows):
    yes, no = rule(text).attainable(available)
    now = {name: c for name, c in columns(rows).items() if name in available}
    found = set(rule(text).truth(now or {"albumin": np.zeros(len(rows))}, now).tolist())
    assert yes or 1 not in found
    assert no or 0 not in found


_WORDS = """
and or not is missing index . ( ) < <= == != + - * / 1 0.5 1e5 c3 fever sex female ' " __import__
os.system lambda eval : [ ] { } , = ; \\ é 𝟙 ² ١
"""
_FRAGMENTS = st.sampled_from(_WORDS.split())


@given(st.text(max_size=60) | st.lists(_FRAGMENTS, max_size=25).map(" ".join))
def test_any_text_is_understood_or_refused_and_never_run(text):
    try:
        found = rule(text)
    except ExpressionError:
        return
    assert found.names | found.index_names
    answers = found.truth({"c3": np.array([NAN, 1.0])}, {})
    assert set(answers.tolist()) <= {-1, 0, 1}
