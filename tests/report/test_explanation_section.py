"""The section on the explanation says what the bundle holds, and whose values it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_sources import LINEAR, OTHER, VARIABLES, cohort, source

from predictor.clinic.prediction import predict
from predictor.clinical.expectation import Direction, Expectation
from predictor.errors import BundleError
from predictor.explanation.direction import Found
from predictor.explanation.shown import read_profiles
from predictor.report.contents.explanation import explanation
from predictor.report.contents.explanation_direction import Compared, _verdict
from predictor.report.contents.profiles import with_patients
from predictor.report.contents.source import Source, open_source
from predictor.report.document import (
    Figure,
    Listing,
    Paragraph,
    Section,
    Table,
    blocks_of,
    tables_of,
)

PARTS = [
    "explanation-importance",
    "explanation-beeswarm",
    "explanation-dependence",
    "explanation-direction",
    "explanation-examples",
]
NAMES = ("c3", "score", "fever", "organ", "noise")
IMPORTANCE = {
    "scale": "log-odds",
    "patients": 160,
    "of": 160,
    "importance": [
        {"variable": name, "mean_absolute_shap": size}
        for name, size in zip(NAMES, (0.9, 0.5, 0.3, 0.2, 0.01), strict=True)
    ],
}
BOOTSTRAP = {
    "level": 0.95,
    "explanation": [
        {"variable": name, "top": 0.5, "low": low, "high": low + 0.6, "refits": 200}
        for name, low in zip(NAMES, (0.6, 0.2, 0.1, 0.0, 0.0), strict=True)
    ],
}


def ranks(first: float) -> list[dict[str, Any]]:
    """Places of two variables that share the first one."""
    shares = {"c3": (first, 1 - first), "score": (1 - first, first)}
    return [
        {"variable": name, "rank": rank, "share": share}
        for name, both in shares.items()
        for rank, share in enumerate(both, 1)
    ]


def figures(section: Section) -> dict[str, Figure]:
    return {b.id: b for b in blocks_of([section]) if isinstance(b, Figure)}


def part(section: Section, id_: str) -> Section:
    return next(p for p in section.parts if p.id == id_)


def texts(section: Section) -> str:
    found = []
    for block in blocks_of([section]):
        if isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Listing):
            found += block.items
    return "\n".join(found)


@pytest.mark.parametrize("name", [*LINEAR, *OTHER, "prevalence"])
@pytest.mark.parametrize("findings", [True, False])
def test_every_part_is_there_whatever_the_bundle_holds(name: str, findings: bool) -> None:
    section = explanation(source(name, findings=findings, with_moments=findings))
    assert section.id == "explanation"
    assert [p.id for p in section.parts] == PARTS
    assert all(p.blocks for p in section.parts)
    drawn = [b.id for b in blocks_of([section]) if isinstance(b, Figure)]
    ids = [t.id for t in tables_of([section])] + drawn
    assert len(set(ids)) == len(ids)


def test_every_figure_says_in_words_what_is_to_be_seen() -> None:
    opened = source("ridge", more={"ranks": ranks(0.6)}, explanation=IMPORTANCE)
    section = explanation(opened)
    found = figures(section)
    assert len(found) == 2 + 1 + 5 + 3
    for figure in found.values():
        assert len(figure.alternative) > 60
        assert "nan" not in figure.alternative
        assert figure.alternative != figure.title


def test_importance_has_its_interval_and_how_often_each_place_occurs() -> None:
    opened = source(
        "ridge",
        more={"ranks": ranks(0.55)},
        explanation=IMPORTANCE,
        validation={"bootstrap": BOOTSTRAP},
    )
    section = explanation(opened)
    rows = {t.id: t.rows for t in tables_of([section])}
    first = rows["explanation-importance-table"][0]
    assert (first["variable"], first["value"], first["low"], first["high"]) == ("c3", 0.9, 0.6, 1.2)
    note = figures(section)["explanation-importance-figure"].note
    assert "200 refits" in note
    assert "no confidence interval" in note  # a mean of absolute values is biased upwards
    table = next(t for t in tables_of([section]) if t.id == "explanation-importance-table")
    assert [c.label for c in table.columns][2] == "Range over refits from"
    shares = [r["share"] for r in rows["explanation-ranks-table"]]
    assert shares == [0.55, pytest.approx(0.45), pytest.approx(0.45), 0.55]
    assert "not settled: Complement C3 does in 55% of the refits, Score in 45%" in texts(section)


@pytest.mark.parametrize(("found", "settled"), [(True, True), (False, False), (None, False)])
def test_a_stable_first_place_is_settled_only_in_a_model_with_signal(
    found: bool | None, settled: bool
) -> None:
    test = None if found is None else {"found": found, "sentence": "p."}
    opened = source(
        "ridge", more={"ranks": ranks(0.9)}, explanation=IMPORTANCE, validation={"signal": test}
    )
    told = texts(explanation(opened))
    assert ("first place is settled" in told) == settled
    assert ("for which no signal was shown" in told) != settled


def test_without_refits_there_are_no_intervals() -> None:
    section = explanation(source("ridge", explanation=IMPORTANCE))
    table = next(t for t in tables_of([section]) if t.id == "explanation-importance-table")
    assert {row["low"] for row in table.rows} == {None}
    assert "no range over refits" in table.note


def test_agreement_and_disagreement_with_the_dictionary_are_told() -> None:
    # Expected is that C3 and fever raise the probability; in the made-up cohort fever lowers it.
    section = part(explanation(source("ridge", explanation=IMPORTANCE)), "explanation-direction")
    (table,) = tables_of([section])
    agreement = {row["variable"]: row["agreement"] for row in table.rows}
    assert agreement["c3"] == "agrees"
    assert agreement["fever"] == "disagrees"
    assert agreement["score"] == agreement["organ"] == "not stated"
    text = texts(section)
    assert "Of 2 expected directions the model disagrees with 1" in text
    assert "Fever: the dictionary expects that a yes raises the probability" in text
    assert "Somebody et al., J 2020;1:1" in text
    assert "in this model it lowers it" in text


def test_invented_effects_prove_nothing() -> None:
    evidence = {"level": "demonstration", "patients": 0, "events": 0, "statement": "simulated"}
    opened = source("ridge", explanation=IMPORTANCE, evidence=evidence)
    assert "neither agreement nor disagreement" in texts(explanation(opened))
    assert "neither agreement" not in texts(explanation(source("ridge", explanation=IMPORTANCE)))


def test_the_shipped_models_are_held_against_the_shipped_dictionary() -> None:
    opened = open_source("remission")
    section = part(explanation(opened), "explanation-direction")
    (table,) = tables_of([section])
    assert {row["found"] for row in table.rows} <= {"raise it", "lower it"}
    shares = [row["refits"] for row in table.rows]
    assert all(isinstance(share, float) and 0.5 < share <= 1 for share in shares)


def test_dots_are_the_profiles_and_none_is_a_patient() -> None:
    opened = source("ridge", explanation=IMPORTANCE)
    section = part(explanation(opened), "explanation-beeswarm")
    assert "No dot is a real patient" in texts(section)
    (table,) = tables_of([section])
    bundle = opened.bundle
    profiles = read_profiles(
        opened.findings["profiles"], bundle.model, bundle.preparation, bundle.variables, None
    )
    assert profiles is not None
    c3 = [row for row in table.rows if row["variable"] == "c3"]
    assert [row["value"] for row in c3] == profiles.values[:, 0].tolist()
    positions = [row["position"] for row in c3]
    assert min(positions) == 0.0  # type: ignore[type-var]
    assert max(positions) == 1.0  # type: ignore[type-var]
    organs = {row["value"] for row in table.rows if row["variable"] == "organ"}
    assert organs == {"skin", "kidney", "joints or muscle"}


def test_real_patients_are_called_so_and_have_gaps() -> None:
    opened = source("ridge", real=True, explanation=IMPORTANCE)
    section = explanation(opened)
    assert "Drawn are real patients" in texts(part(section, "explanation-beeswarm"))
    (table,) = tables_of([part(section, "explanation-beeswarm")])
    assert any(row["position"] is None and row["value"] is None for row in table.rows)
    examples = part(section, "explanation-examples")
    assert "None of them is a real patient" in texts(examples)


@pytest.mark.parametrize("name", ["ridge", "random_forest"])
def test_patients_who_are_handed_over_are_drawn(name: str) -> None:
    closed = source(name, explanation=IMPORTANCE)
    opened = with_patients(closed, cohort()[0][:40])
    swarm = part(explanation(opened), "explanation-beeswarm")
    assert "Drawn are real patients" in texts(swarm)
    (table,) = tables_of([swarm])
    assert len([row for row in table.rows if row["variable"] == "c3"]) == 40
    assert closed.findings["profiles"]["patients"] is None
    with pytest.raises(BundleError, match="keeps no profiles"):
        with_patients(source(name, findings=False), cohort()[0])


@pytest.mark.parametrize("name", ["ridge", "random_forest"])
def test_dependence_follows_the_model(name: str) -> None:
    section = part(explanation(source(name, explanation=IMPORTANCE)), "explanation-dependence")
    found = figures(section)
    c3 = found["explanation-dependence-c3"]
    assert c3.options["reference"] == [80, 180]
    assert c3.options["unit"] == "mg/dL"
    rows = c3.tables[0].rows
    values = [float(str(r["value"])) for r in rows]
    assert values == sorted(values)
    parts = np.array([float(str(r["contribution"])) for r in rows])
    assert parts[-1] > 0 > parts[0]
    if name == "ridge":
        slope = np.diff(parts) / np.diff(values)
        np.testing.assert_allclose(slope, slope[0], rtol=1e-6)
        assert "rises from" in c3.alternative
        assert rows[0]["low"] is None
    else:
        assert all(r["low"] <= r["contribution"] <= r["high"] for r in rows)  # type: ignore[operator]
    assert "80 to 180 mg/dL" in c3.alternative
    states = found["explanation-dependence-organ"]
    assert states.options["states"] == ["skin", "kidney", "joints or muscle"]
    assert "kidney +" in states.alternative
    weight = sum(
        float(str(r["density"])) * width for r, width in zip(rows, np.gradient(values), strict=True)
    )
    assert weight == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["ridge", "random_forest", "hist_gradient_boosting"])
def test_example_patients_add_up_to_what_predict_answers(name: str) -> None:
    opened = source(name, explanation=IMPORTANCE)
    section = part(explanation(opened), "explanation-examples")
    found = figures(section)
    assert list(found) == [f"explanation-example-{w}" for w in ("low", "typical", "high")]
    chances = []
    for figure in found.values():
        rows = figure.tables[0].rows
        total = float(figure.options["base_value"])
        for row in rows:
            total += float(str(row["contribution"]))
            assert row["cumulative"] == pytest.approx(total)
        probability = total if name == "random_forest" else 1 / (1 + np.exp(-total))
        assert probability == pytest.approx(figure.options["probability"])
        answer = predict(_patient(rows), opened.bundle).probability
        assert answer == pytest.approx(figure.options["probability"], abs=1e-6)
        chances.append(answer)
    assert chances == sorted(chances)
    assert chances[0] < chances[2]


def _patient(rows: tuple[Mapping[str, Any], ...]) -> dict[str, object]:
    """Values as they are printed, handed to predict()."""
    return {
        row["variable"]: row["value"]
        .replace("joints or", "joints_or")
        .replace("or muscle", "or_muscle")
        for row in rows
    }


def test_no_example_is_a_patient_of_the_cohort() -> None:
    section = part(explanation(source("ridge", explanation=IMPORTANCE)), "explanation-examples")
    real = {(row[0], row[4]) for row in cohort()[0].tolist()}
    for figure in figures(section).values():
        shown = _patient(figure.tables[0].rows)
        values = (float(str(shown["c3"]).split()[0]), float(str(shown["noise"]).split()[0]))
        assert values not in real


def test_a_model_without_effect_has_nothing_to_explain() -> None:
    nothing = {**IMPORTANCE, "importance": [{"variable": "c3", "mean_absolute_shap": 0.0}]}
    section = explanation(source("prevalence", explanation=nothing))
    assert all("nothing to explain" in texts(p) for p in section.parts)


def test_an_older_bundle_without_profiles_says_so() -> None:
    section = explanation(source("random_forest", findings=False))
    for id_ in PARTS[1:]:
        assert "does not hold profiles" in texts(part(section, id_))


def test_damaged_profiles_are_refused_by_name() -> None:
    opened = source("ridge")
    damaged = Source(opened.bundle, opened.manifest, {"profiles": {"synthetic": 1}}, {})
    with pytest.raises(BundleError, match="the profiles are damaged"):
        explanation(damaged)


def test_many_predictors_stay_readable() -> None:
    many = {
        **IMPORTANCE,
        "importance": [{"variable": f"x{i}", "mean_absolute_shap": 1 / (i + 1)} for i in range(60)],
    }
    section = explanation(source("ridge", explanation=many))
    table = next(t for t in tables_of([section]) if isinstance(t, Table))
    assert len(table.rows) == 20
    assert "40 further variables" in table.note


def compared(found: Found, expected: Direction | None) -> Compared:
    stated = None if expected is None else Expectation(expected, "Somebody et al.")
    return Compared(VARIABLES[0], found, None, stated)


def test_a_stated_direction_is_not_denied_where_the_model_has_none() -> None:
    told = _verdict([compared("neither", "raises"), compared("raises", None)], "remission").text
    assert "states directions for remission, 1 of them" in told
    assert "not monotone" in told
    told = _verdict([compared("raises", None)], "remission").text
    assert "states no expected direction" in told


@pytest.mark.parametrize("name", OTHER)
def test_contributions_of_trees_start_from_the_average_prediction(name: str) -> None:
    section = explanation(source(name, explanation=IMPORTANCE))
    assert "away from the average prediction" in texts(section)
    told = " ".join(figure.alternative for figure in figures(section).values())
    assert "patient with average values" not in told


@pytest.mark.parametrize(("limits", "adults"), [({}, False), ({"years": [18.0, None]}, True)])
def test_reference_ranges_are_those_of_adults(limits: dict[str, Any], adults: bool) -> None:
    opened = source("ridge", explanation=IMPORTANCE)
    known = {**opened.manifest["dictionary"], "years": {"unit": "a"}}
    outcome = {**opened.manifest["outcome"], "limits": limits}
    opened = replace(opened, manifest={**opened.manifest, "outcome": outcome, "dictionary": known})
    assert ("are those of adults" in texts(explanation(opened))) != adults
