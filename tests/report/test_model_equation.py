"""The model itself, as a reader without software uses it: from the printed text to predict()."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from made_bundles import variable
from made_sources import LINEAR, OTHER, VARIABLES, cohort, source

from predictor.clinic.prediction import predict
from predictor.clinical.variable import Range
from predictor.fitted.bundle import load_bundle
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.report.contents.equation import the_model
from predictor.report.contents.source import Source, open_source
from predictor.report.contents.verdict import verdict_of
from predictor.report.document import (
    Cell,
    Facts,
    Figure,
    Paragraph,
    Section,
    Table,
    Verbatim,
    blocks_of,
    tables_of,
)

PARTS = ["model-equation", "model-points", "model-nomogram", "model-example"]

Rows = tuple[Mapping[str, Cell], ...]


def tables(section: Section) -> dict[str, Rows]:
    return {table.id: table.rows for table in tables_of([section])}


def texts(section: Section) -> str:
    return "\n".join(b.text for b in blocks_of([section]) if isinstance(b, Paragraph | Verbatim))


def verbatim(section: Section, word: str) -> str:
    (found,) = [b.text for b in blocks_of([section]) if isinstance(b, Verbatim) and word in b.text]
    return found


def by_the_printed_equation(
    text: str, patient: Mapping[str, object], names: Mapping[str, str]
) -> float:
    """Probability that a reader gets who knows nothing but the printed lines.

    Parameters
    ----------
    text
        The equation as printed.
    patient, names
        Values, and variable by its label.
    """
    lines = text.splitlines()
    assert lines[0] == "log-odds ="
    assert lines[-1] == "probability = 1 / (1 + exp(-log-odds))"
    total = float(lines[1])
    for line in lines[2:-2]:
        times = re.fullmatch(r"  ([+-]) (\S+) × ([^(]+?)(?: \(.*\))?", line)
        if times:
            total += float(times[1] + times[2]) * float(str(patient[names[times[3]]]))
            continue
        condition = re.fullmatch(r"  ([+-]) (\S+) if (.+) (?:is (.+)|not measured)", line)
        assert condition, line
        value = patient.get(names[condition[3]])
        if value is not None and str(value).replace("_", " ") == condition[4]:
            total += float(condition[1] + condition[2])
    return 1 / (1 + math.exp(-total))


@pytest.mark.parametrize("name", LINEAR)
def test_printed_equation_gives_the_probability_of_predict(name: str) -> None:
    opened = source(name)
    text = verbatim(the_model(opened), "log-odds =\n")
    names = {v.label: v.name for v in VARIABLES}
    generator = np.random.default_rng(5)
    for _ in range(100):
        patient = {
            "c3": round(float(generator.uniform(5, 400)), 1),
            "score": int(generator.integers(0, 30)),
            "fever": str(generator.choice(["no", "yes"])),
            "organ": str(generator.choice(["skin", "kidney", "joints_or_muscle"])),
            "noise": round(float(generator.normal()), 2),
        }
        own = {v.name: patient[v.name] for v in opened.bundle.variables}
        by_hand = by_the_printed_equation(text, own, names)
        assert by_hand == pytest.approx(predict(own, opened.bundle).probability, abs=1e-4)


def test_printed_equation_of_the_shipped_model() -> None:
    bundle = load_bundle("remission")
    text = verbatim(the_model(open_source("remission")), "log-odds =\n")
    patient = {
        "anti_dsdna": 64,
        "c3": 69,
        "c4": 9.5,
        "crp": 88.2,
        "platelets": 75,
        "proteinuria": 576,
    }
    names = {v.label: v.name for v in bundle.variables}
    by_hand = by_the_printed_equation(text, patient, names)
    assert by_hand == pytest.approx(predict(patient, bundle).probability, abs=1e-4)


def test_no_printed_number_needs_a_key_for_powers_of_ten() -> None:
    text = verbatim(the_model(open_source("remission")), "log-odds =\n")
    assert not re.search(r"\de[+-]?\d", text)


@pytest.mark.parametrize("name", [*LINEAR, *OTHER, "prevalence"])
@pytest.mark.parametrize("findings", [True, False])
def test_every_part_is_there_whatever_the_bundle_holds(name: str, findings: bool) -> None:
    section = the_model(source(name, findings=findings, with_moments=findings))
    assert section.id == "model"
    assert [part.id for part in section.parts] == PARTS
    assert all(part.blocks for part in section.parts)
    ids = [block.id for block in blocks_of([section]) if isinstance(block, Table | Figure)]
    assert len(set(ids)) == len(ids)


def test_zero_coefficients_are_left_out_and_named() -> None:
    section = the_model(source("elastic_net"))
    equation = verbatim(section, "log-odds =\n")
    assert "Noise" not in equation
    assert "Without any weight" in str(section)
    assert "noise" not in {row["variable"] for row in tables(section)["model-points-list"]}


def read_points(rows: Rows, variable: str, value: object) -> int:
    """Points of a value as a reader finds them in the printed list."""
    own = [row for row in rows if row["variable"] == variable]
    for row in own:
        low, high = row["low"], row["high"]
        text = str(row["value"])
        if isinstance(low, float) and isinstance(high, float):
            assert isinstance(value, int | float)
            inside = low <= value < high if "below" in text else low <= value <= high
        else:
            inside = text == str(value).replace("_", " ")
        if inside:
            assert isinstance(row["points"], int)
            return row["points"]
    pytest.fail(f"{variable} has no points for its value")


def test_no_chart_offers_a_value_that_the_model_refuses() -> None:
    opened = source("ridge")
    limits = {"c3": Range(50, 101), "elsewhere": Range(18, None)}
    section = the_model(replace(opened, bundle=replace(opened.bundle, limits=limits)))
    found = tables(section)
    for name in ("model-points-list", "model-nomogram-marks"):
        rows = [row for row in found[name] if row["variable"] == "c3" and row["value"]]
        keys = ("value",) if name.startswith("model-nomogram") else ("low", "high")
        ends = [row[key] for row in rows for key in keys if isinstance(row[key], float)]
        assert ends
        assert 50 <= min(ends) <= max(ends) <= 101
    said = texts(section)
    assert said.count("goes beyond its limits: Complement C3 50 to 101.") == 2
    assert "goes beyond its limits" not in texts(the_model(opened))


def test_figures_of_another_chart_are_not_told_of_this_one() -> None:
    opened = source("ridge")
    figures = opened.findings["profiles"]["points"]
    labels = {
        f.label for b in blocks_of([the_model(opened)]) if isinstance(b, Facts) for f in b.facts
    }
    limited = replace(opened.bundle, limits={"c3": Range(50, 101)})
    before = {key: value for key, value in figures.items() if key != "offset"}
    profiles = {**opened.findings["profiles"], "points": before}
    earlier = replace(opened, findings={**opened.findings, "profiles": profiles})
    for changed, told in (
        (earlier, True),
        (replace(opened, bundle=limited), False),
        (replace(earlier, bundle=limited), False),
    ):
        blocks = blocks_of([the_model(changed)])
        now = {f.label for b in blocks if isinstance(b, Facts) for f in b.facts}
        assert (now == labels) == told


@pytest.mark.parametrize("name", LINEAR)
def test_a_reader_of_the_points_chart_is_as_near_as_stated(name: str) -> None:
    opened = source(name)
    section = the_model(opened)
    found = tables(section)
    rows = found["model-points-list"]
    by_total = {row["points"]: row["probability"] for row in found["model-points-totals"]}
    (facts,) = [b for b in blocks_of([section]) if isinstance(b, Facts)]
    stated = float(facts.facts[0].value.split()[0]) / 100
    used = [v for v in opened.bundle.variables if any(r["variable"] == v.name for r in rows)]
    generator = np.random.default_rng(6)
    apart = []
    for _ in range(200):
        patient: dict[str, object] = {
            "c3": float(generator.uniform(20, 140)),
            "score": int(generator.integers(0, 13)),
            "fever": str(generator.choice(["no", "yes"])),
            "organ": str(generator.choice(["skin", "kidney", "joints_or_muscle"])),
            "noise": float(generator.uniform(-2.5, 2.5)),
        }
        total = sum(read_points(rows, v.name, patient[v.name]) for v in used)
        own = {v.name: patient[v.name] for v in opened.bundle.variables}
        exact = predict(own, opened.bundle).probability
        probability = by_total.get(total)
        if isinstance(probability, float):
            apart.append(abs(probability - exact))
    assert len(apart) > 100
    assert max(apart) <= stated + 0.0005  # stated to a tenth of a percentage point


def test_columns_of_the_chart_hold_what_the_list_holds() -> None:
    found = tables(the_model(source("ridge")))
    listed = {
        (r["variable"], str(r["value"]).replace("to below", "to"), r["points"])
        for r in found["model-points-list"]
    }
    cells = {
        (name, text, row["_points"])
        for row in found["model-points-chart"]
        for name, cell in row.items()
        if name != "_points"
        for text in str(cell).split(", ")
        if text
    }
    assert cells == listed


def test_the_nomogram_read_between_its_marks_gives_predict() -> None:
    opened = source("ridge")
    section = the_model(opened)
    found = tables(section)
    marks, totals = found["model-nomogram-marks"], found["model-nomogram-totals"]
    (figure,) = [b for b in blocks_of([section]) if isinstance(b, Figure)]
    error = figure.options["rounding_error"]

    def on_scale(variable: str, value: object) -> float:
        own = [m for m in marks if m["variable"] == variable]
        if isinstance(value, str):
            text = value.replace("_", " ")
            (points,) = [float(str(m["points"])) for m in own if m["value_label"] == text]
            return points
        numbers = sorted(
            (float(str(m["value"])), float(str(m["points"]))) for m in own if m["value"] is not None
        )
        values, points_at = np.array(numbers).T
        return float(np.interp(float(str(value)), values, points_at))

    at = sorted((float(str(r["total_points"])), float(str(r["probability"]))) for r in totals)
    total_axis, log_odds = [t for t, _ in at], [math.log(p / (1 - p)) for _, p in at]
    generator = np.random.default_rng(7)
    for _ in range(200):
        patient: dict[str, object] = {
            "c3": float(generator.uniform(20, 140)),
            "score": int(generator.integers(0, 13)),
            "fever": str(generator.choice(["no", "yes"])),
            "organ": str(generator.choice(["skin", "kidney", "joints_or_muscle"])),
            "noise": float(generator.uniform(-2, 2)),
        }
        total = sum(math.floor(on_scale(name, value) + 0.5) for name, value in patient.items())
        odds = float(np.interp(total, total_axis, log_odds))
        exact = predict(patient, opened.bundle).probability
        assert abs(1 / (1 + math.exp(-odds)) - exact) <= error
    assert "100 points" in figure.alternative


@pytest.mark.parametrize("name", LINEAR)
def test_the_scale_of_totals_reaches_the_largest_sum_that_can_be_read(name: str) -> None:
    found = tables(the_model(source(name)))
    largest: dict[str, float] = {}
    for row in found["model-nomogram-marks"]:
        points = math.floor(float(str(row["points"])) + 0.5)  # to the nearest whole point
        largest[str(row["variable"])] = max(points, largest.get(str(row["variable"]), 0.0))
    totals = [float(str(row["total_points"])) for row in found["model-nomogram-totals"]]
    assert min(totals) == 0.0
    assert max(totals) >= sum(largest.values())
    assert max(totals) % 10 == 0


@pytest.mark.parametrize("name", LINEAR)
def test_every_step_of_the_example_adds_up_to_predict(name: str) -> None:
    opened = source(name)
    section = the_model(opened)
    rows = tables(section)["model-example-steps"]
    total = Decimal(0)
    for row in rows:
        coefficient, product = float(str(row["coefficient"])), Decimal(str(row["product"]))
        factor = 1.0 if row["value"] is None else float(str(row["value"]))
        assert float(product) == pytest.approx(coefficient * factor, abs=0.000051)
        total += product
        assert Decimal(str(row["sum"])) == total
    (finish,) = [
        b.text for b in section.parts[3].blocks if isinstance(b, Verbatim) and "exp(" in b.text
    ]
    numbers = [float(n) for n in re.findall(r"(?<![\d.])-?\d+\.\d+", finish)]
    assert numbers[0] == float(total)
    assert numbers[-1] == pytest.approx(1 / (1 + math.exp(-float(total))), abs=0.0001)
    patient = json.loads(verbatim(section, "{"))
    answer = predict(patient, opened.bundle).probability
    assert numbers[-1] == pytest.approx(answer, abs=0.0005)
    assert f"predict() answers {answer:.4f}" in texts(section)
    assert "no real patient" in texts(section)


@pytest.mark.parametrize("name", OTHER)
def test_a_model_without_equation_says_why_and_shows_what_adds_up(name: str) -> None:
    opened = source(name)
    section = the_model(opened)
    assert "no points chart" in texts(section)
    rows = tables(section)["model-example-steps"]
    last = float(str(rows[-1]["sum"]))
    total = sum(float(str(row["contribution"])) for row in rows)
    assert last == pytest.approx(total, abs=1e-9)
    patient = json.loads(verbatim(section, "{"))
    answer = predict(patient, opened.bundle).probability
    output = last if name == "random_forest" else 1 / (1 + math.exp(-last))
    assert output == pytest.approx(answer, abs=1e-6)


def test_tables_show_as_many_digits_as_the_equation_prints() -> None:
    section = the_model(open_source("remission"))
    equation = verbatim(section, "log-odds =\n")
    found = tables(section)
    for id_ in ("model-coefficients", "model-example-steps"):
        texts = [str(row["coefficient_text"]) for row in found[id_]]
        assert all(text.removeprefix("-") in equation for text in texts)
        assert not [text for text in texts if "." in text and text.endswith("000")]
    (columns,) = [t.columns for t in tables_of([section]) if t.id == "model-coefficients"]
    assert "coefficient" not in {column.key for column in columns}


def test_the_example_is_no_patient_of_the_cohort() -> None:
    opened = source("ridge")
    patient = json.loads(verbatim(the_model(opened), "{"))
    rows = cohort()[0].tolist()
    values = [patient["c3"], patient["score"], float(patient["fever"] == "yes")]
    assert values not in [row[:3] for row in rows]


def test_gaps_are_told_as_predict_treats_them() -> None:
    drawn = str(the_model(source("ridge")))
    assert "draws it 40 times" in drawn
    assert "percentage points on average" in drawn
    filled = str(the_model(source("ridge", with_moments=False)))
    assert "in predict() too" in filled
    rows = tables(the_model(source("ridge")))["model-points-list"]
    assert any(row["value"] == "not measured" for row in rows)


def test_the_figures_of_another_chart_are_not_told() -> None:
    opened = source("ridge")
    profiles = opened.findings["profiles"]
    other = profiles | {"points": profiles["points"] | {"unit": 99.0}}
    without = Source(opened.bundle, opened.manifest, {"profiles": other}, {})
    labels = [
        [
            fact.label
            for block in blocks_of([the_model(s)])
            if isinstance(block, Facts)
            for fact in block.facts
        ]
        for s in (opened, without)
    ]
    assert labels == [["At most", "On average", "AUROC"], ["At most", "On average"]]


def test_a_model_of_many_variables_has_an_equation_but_no_chart() -> None:
    count = 40
    names = tuple(f"x{i}" for i in range(count))
    own = tuple(
        variable(name, unit="1", units={"1": 1.0}, plausible=None, suspicious=None, unit_slips=())
        for name in names
    )
    prepared = Preparation(
        names,
        np.zeros(count),
        (),
        tuple(DesignColumn(name, i) for i, name in enumerate(names)),
        np.zeros(count),
        np.ones(count),
    )
    opened = source("ridge")
    model = LinearModel(-0.3, np.full(count, 0.1))
    bundle = replace(opened.bundle, variables=own, preparation=prepared, model=model, moments=None)
    section = the_model(Source(bundle, opened.manifest, {}, {}))
    assert len(verbatim(section, "log-odds =\n").splitlines()) == count + 4
    assert texts(section).count("too many for a chart on paper") == 2
    assert "made-up patient" in texts(section)


def test_the_table_of_totals_stays_short() -> None:
    small = tables(the_model(source("firth")))["model-points-totals"]
    assert 10 < len(small) <= 120


def with_slopes_times(factor: float) -> Source:
    """A model whose effects are larger, of an older bundle."""
    opened = source("ridge")
    assert isinstance(opened.bundle.model, LinearModel)
    steep = LinearModel(opened.bundle.model.intercept, factor * opened.bundle.model.coefficients)
    return Source(replace(opened.bundle, model=steep), opened.manifest, {}, {})


def test_a_chart_that_loses_too_much_is_warned_of_or_left_out() -> None:
    plain, coarse, useless = (
        the_model(opened).parts[1]
        for opened in (source("ridge"), with_slopes_times(5), with_slopes_times(60))
    )
    assert "loses too much" not in texts(plain)
    assert "Use the nomogram or the equation instead" in texts(coarse)
    assert tables(coarse)["model-points-list"]
    assert "There is none: the effects" in texts(useless)
    assert not tables(useless)


def test_a_nomogram_that_cannot_be_read_is_warned_of() -> None:
    assert "check what you read" not in texts(the_model(source("ridge")))
    assert "check what you read" in texts(the_model(with_slopes_times(60)))


def test_both_charts_repeat_the_verdict_and_neither_is_for_the_bedside() -> None:
    opened = source("ridge")
    headline = verdict_of(opened).headline
    for id_ in ("model-points", "model-nomogram"):
        (part,) = (one for one in the_model(opened).parts if one.id == id_)
        told = [block for block in part.blocks if isinstance(block, Paragraph)]
        assert any(block.text.startswith(headline) and block.tone == "alert" for block in told)
        assert not any("bedside" in block.text for block in told)
