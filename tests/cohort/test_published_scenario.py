"""Scenarios: the shipped ones, those of users, and what they make of the outcome."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.published import simulate
from predictor.cohort.published_odds import scenario_odds
from predictor.cohort.published_scenario import Scenario, load_scenario
from predictor.errors import ConfigError, DocumentError
from predictor.performance.discrimination import auroc


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError, match=r"problem|mapping") as caught:
        load_scenario(written(folder, text))
    return str(caught.value)


def test_literature_holds_the_odds_ratios_of_golder_2016() -> None:
    effects = {effect.name: effect for effect in load_scenario("literature").effects}
    ratios = {name: effect.odds_ratio for name, effect in effects.items()}
    assert ratios == {"raised_anti_dsdna": 0.65, "low_complement": 0.52, "renal_involvement": 0.6}
    assert all("s13075-016-1163-2" in effect.source for effect in effects.values())
    rules = {name: [str(r.limit) for r in effect.rules] for name, effect in effects.items()}
    assert rules["low_complement"] == ["80.0", "16.0"]


def test_every_shipped_scenario_loads_and_strong_says_it_is_invented(root: Path) -> None:
    for path in sorted((root / "configs" / "scenarios").glob("*.yaml")):
        assert load_scenario(path) == load_scenario(path.stem)
    assert {effect.source for effect in load_scenario("strong").effects} == {
        "invented for teaching"
    }
    assert load_scenario("none").effects == ()


def test_effects_add_up_as_their_logarithms() -> None:
    columns = {
        "anti_dsdna": np.array([20.0, 21.0, 60.0, 60.0]),
        "c3": np.array([80.0, 90.0, 79.0, 70.0]),
        "c4": np.array([16.0, 15.9, 20.0, 1.0]),
        "proteinuria": np.array([500.0, 100.0, 501.0, 600.0]),
    }
    found = load_scenario("literature").log_odds(columns, 4)
    d, c, r = math.log(0.65), math.log(0.52), math.log(0.60)
    assert found == pytest.approx([0, d + c, d + c + r, d + c + r])


@pytest.mark.parametrize("name", ["none", "literature", "strong"])
def test_cut_points_give_the_printed_shares_of_the_outcome(name: str) -> None:
    response = simulate(60_000, seed=8, scenario=name).columns["response"]
    for state, n in (("remission", 11), ("low_disease_activity", 14), ("flare", 6)):
        share = n / 31
        error = math.sqrt(share * (1 - share) / 60_000)
        assert abs((response == state).mean() - share) < 4.5 * error, state


def test_without_effects_cut_points_are_the_logits_of_the_printed_shares() -> None:
    cuts = scenario_odds(load_scenario("none")).cuts
    assert expit([-cuts[0], -cuts[1]]) == pytest.approx([25 / 31, 11 / 31], abs=1e-9)


@pytest.mark.parametrize("name", ["literature", "strong"])
def test_the_true_auroc_is_that_of_the_log_odds_in_simulated_patients(name: str) -> None:
    scenario, cohort = load_scenario(name), simulate(60_000, seed=9, scenario=name)
    odds = scenario.log_odds(cohort.columns, 60_000)  # type: ignore[arg-type]
    for outcome, sign in (("remission", 1), ("relapse", -1)):
        found = auroc(cohort.columns[outcome].astype(float), sign * odds)
        assert found == pytest.approx(cohort.true_auroc[outcome], abs=0.012)
        assert 0 < cohort.true_auroc_error[outcome] < 0.001


def test_without_effects_the_true_auroc_is_one_half() -> None:
    assert simulate(31, seed=1, scenario="none").true_auroc == {"remission": 0.5, "relapse": 0.5}


def test_a_scenario_of_one_s_own_decides_the_outcome(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "effects:\n"
        "  women: {when: sex = female, odds_ratio: 8, source: invented}\n"
        "  pancytopenia: {when: [indication = pancytopenia], odds_ratio: 0.1, source: invented}\n"
        "  fever: {when: fever = yes, odds_ratio: 0.5, source: invented}\n"
        "  old: {per: {age_at_onset: 10}, odds_ratio: 0.9, source: invented}\n",
    )
    columns = simulate(20_000, seed=1, scenario=path).columns
    remission = columns["remission"]
    assert remission[columns["sex"] == "female"].mean() > remission.mean() + 0.1
    assert remission[columns["indication"] == "pancytopenia"].mean() < remission.mean() - 0.15
    assert simulate(31, seed=1, scenario=path).columns["remission"].sum() == 11


def test_an_unknown_scenario_is_named_with_the_shipped_ones() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean 'literature'\?"):
        load_scenario("litterature")
    with pytest.raises(ConfigError, match="Shipped: literature, none, strong"):
        load_scenario("xyz")


def test_an_effect_without_source_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refused(tmp_path, "effects:\n  a:\n    when: c3 < 80\n    odds_ratio: 0.5\n")
    assert "line 2, effects.a.source: an effect needs a 'source'" in said


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("when: c33 < 80, odds_ratio: 2, source: s", "Did you mean 'c3'?"),
        ("when: sledai_2k > 6, odds_ratio: 2, source: s", "the study prints none"),
        ("when: c3_after < 80, odds_ratio: 2, source: s", "no c3_after before treatment"),
        ("when: died = yes, odds_ratio: 2, source: s", "no died before treatment"),
        ("when: follow_up_years > 1, odds_ratio: 2, source: s", "no follow_up_years before"),
        ("when: c3 is low, odds_ratio: 2, source: s", "a rule reads"),
        ("when: c3 = 80, odds_ratio: 2, source: s", "compared by <, <=, > or >="),
        ("when: c3 < nan, odds_ratio: 2, source: s", "compared by <, <=, > or >="),
        ("when: sex > 1, odds_ratio: 2, source: s", "one of male, female"),
        ("when: [], odds_ratio: 2, source: s", "'when' holds no rule"),
        ("when: 3, odds_ratio: 2, source: s", "a rule reads"),
        ("per: {fever: 1}, odds_ratio: 2, source: s", "takes a measurement"),
        ("per: {c3: 0}, odds_ratio: 2, source: s", "positive amount"),
        ("per: {c3: 1, c4: 1}, odds_ratio: 2, source: s", "one variable, one amount"),
        ("per: [c3], odds_ratio: 2, source: s", "one variable, one amount"),
        ("when: c3 < 80, per: {c3: 1}, odds_ratio: 2, source: s", "either 'when'"),
        ("odds_ratio: 2, source: s", "either 'when'"),
        ("when: c3 < 80, odds_ratio: 0, source: s", "odds_ratio must be"),
        ("when: c3 < 80, odds_ratio: true, source: s", "odds_ratio must be"),
        ("when: c3 < 80, source: s", "odds_ratio must be"),
        ("when: c3 < 80, odds_ratio: 2, source: 7", "an effect needs a 'source'"),
        ("when: c3 < 80, odds: 2, odds_ratio: 2, source: s", "unknown key 'odds'"),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused_with_its_line(
    entry: str, complaint: str, tmp_path: Path
) -> None:
    said = refused(tmp_path, f"effects:\n  a: {{{entry}}}\n")
    assert complaint in said
    assert "mine.yaml, line 2" in said


@pytest.mark.parametrize(
    "text", ["", "effects:\n", "effects: [a]\n", "effects: {a: 1}\n", "- a\n", "description: 1\n"]
)
def test_a_file_of_another_shape_is_refused(text: str, tmp_path: Path) -> None:
    assert "mine.yaml" in refused(tmp_path, text)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="a key is there twice"):
        load_scenario(written(tmp_path, "effects: {}\neffects: {}\n"))


def test_every_problem_is_listed_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, "extra: 1\neffects:\n  a: {when: xx < 1, odds_ratio: -1}\n")
    assert "4 problems" in said


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["effects", "when", "per", "odds_ratio", "source", "c3", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(content=VALUES)
def test_no_content_of_a_file_is_answered_but_by_a_scenario_or_a_reasoned_refusal(
    content: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import yaml

    text = yaml.safe_dump({"effects": content}, default_flow_style=True)
    path = tmp_path_factory.mktemp("s") / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    answer: Scenario | ConfigError | DocumentError
    try:
        answer = load_scenario(path)
    except (ConfigError, DocumentError) as error:
        answer = error
    assert isinstance(answer, Scenario) or "mine.yaml" in str(answer)


MEASURED = st.sampled_from(["c3", "c4", "crp", "platelets", "age", "age_at_onset", "esr"])


@given(
    variable=MEASURED,
    comparison=st.sampled_from(["<", "<=", ">", ">="]),
    limit=st.floats(0.001, 1e4).map(lambda x: round(x, 3)),
    ratio=st.floats(0.001, 1000).map(lambda x: max(round(x, 3), 0.001)),
)
def test_any_rule_on_a_measurement_is_read_as_written(
    variable: str,
    comparison: str,
    limit: float,
    ratio: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("s") / "mine.yaml"
    rule = f"{variable} {comparison} {limit}"
    path.write_text(
        f"effects: {{a: {{when: '{rule}', odds_ratio: {ratio}, source: s}}}}", encoding="utf-8"
    )
    effect = load_scenario(path).effects[0]
    assert (effect.rules[0].variable, effect.rules[0].limit) == (variable, limit)
    assert effect.odds_ratio == ratio
    assert effect.variables == (variable,)


def test_every_variable_a_scenario_may_name_is_known_before_treatment() -> None:
    dictionary = load_dictionary()
    for name in ("none", "literature", "strong"):
        for variable in load_scenario(name).variables:
            assert dictionary.variable(variable).time == "baseline"
