"""What a report hides in one table is not told by another: worked out from all of them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from made_sources import VARIABLES, cohort, source

from predictor.cohort.cohort import Cohort
from predictor.cohort.missingness import missingness
from predictor.cohort.table_one import table_one
from predictor.fitted.models import LinearModel
from predictor.report.contents.equation import the_model
from predictor.report.contents.explanation import explanation
from predictor.report.contents.patients import patients
from predictor.report.contents.source import Source
from predictor.report.document import Section, Table, blocks_of, tables_of
from predictor.workflow.findings import plain

CELL = 90
"""So large that every state, and every number of missing values, of the made-up cohort is small."""

IMPORTANCE = {
    "importance": [
        {"variable": name, "mean_absolute_shap": 0.1 * (k + 1)}
        for k, name in enumerate(["noise", "organ", "fever", "score", "c3"])
    ],
    "scale": "log-odds",
    "patients": 160,
    "of": 160,
}


STATES = {v.name: [s.replace("_", " ") for s in v.states] for v in VARIABLES}


@cache
def opened() -> Source:
    values, outcome = cohort()
    made = Cohort("c.csv", VARIABLES, values, outcome, None, "none", None, (), (), False)
    part = {"flow": [], "table_one": table_one(made, CELL), "missing": missingness(made, CELL)}
    people = {"patients": 160, "events": int(outcome.sum()), "flow": [], "warnings": []}
    return source(
        "ridge",
        more={"patients": plain(part)},
        cohort=people,
        explanation=IMPORTANCE,
        privacy={"cell_size": CELL},
    )


@cache
def printed() -> tuple[Section, ...]:
    return patients(opened()), the_model(opened()), explanation(opened())


def tables() -> dict[str, Table]:
    return {table.id: table for table in tables_of(printed())}


def coefficients() -> dict[str, Mapping[str, Any]]:
    return {str(row["term"]): row for row in tables()["model-coefficients"].rows}


def test_the_tables_hide_what_this_file_tries_to_work_out() -> None:
    rows = tables()["patients-table-one-table"].rows
    counts = [row for row in rows if "n (%)" in str(row["statistic"])]
    assert {row["all"] for row in counts if row["all_count"] != 0} == {"hidden"}


def contributions() -> Iterator[tuple[str, float, float]]:
    """Variable, value and contribution wherever the report prints both."""
    states = STATES
    for row in tables()["explanation-beeswarm-table"].rows:
        name, value = str(row["variable"]), row["value"]
        assert value is not None
        number = states[name].index(str(value)) if states[name] else float(str(value))
        yield name, float(number), float(str(row["contribution"]))
    for variable in VARIABLES:
        for row in tables()[f"explanation-dependence-{variable.name}-table"].rows:
            if states[variable.name]:
                yield variable.name, float(str(row["value"])), float(str(row["contribution"]))


@pytest.mark.parametrize("name", ["c3", "score", "fever", "noise"])
def test_contributions_and_coefficients_lead_to_the_stand_in_and_not_to_the_mean(name: str) -> None:
    (label,) = [v.label for v in VARIABLES if v.name == name]
    (slope,) = [
        float(row["coefficient"])
        for term, row in coefficients().items()
        if row["variable"] == name and "not measured" not in term
    ]
    references = [v - c / slope for n, v, c in contributions() if n == name]
    assert references
    preparation = opened().bundle.preparation
    j = preparation.names.index(name)
    shown = float(f"{preparation.fill[j]:.3g}")
    np.testing.assert_allclose(references, shown, atol=2e-5 / abs(slope))
    assert label in str(printed())


def test_no_column_of_the_coefficients_tells_a_share_or_a_mean_with_gaps_filled_in() -> None:
    observed = {
        row["variable"]: row["all_sd"]
        for row in opened().findings["patients"]["table_one"]["rows"]
        if row.get("all_sd") is not None
    }
    for term, row in coefficients().items():
        assert not {"mean", "standardised"} & set(row)
        slope = float(row["coefficient"])
        number = row["variable"] in ("c3", "score", "noise") and "not measured" not in term
        assert row["standard_deviation"] == (observed[row["variable"]] if number else None)
        step = observed[row["variable"]] if number else 1.0
        assert row["odds_ratio"] == pytest.approx(np.exp(slope * step))


def test_no_other_number_of_the_report_is_a_mean_or_spread_of_a_fitted_column() -> None:
    preparation, model = opened().bundle.preparation, opened().bundle.model
    assert isinstance(model, LinearModel)
    secret = {f"{x:.6g}" for x in [*preparation.centre, *preparation.scale, *model.coefficients]}
    shown = {f"{x:.6g}" for table in tables().values() for x in numbers(table.rows)}
    for block in blocks_of(printed()):
        shown |= {f"{x:.6g}" for x in numbers(getattr(block, "options", {}))}
    assert not secret & shown


def numbers(data: Any) -> Iterator[float]:
    if isinstance(data, float):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from numbers(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from numbers(value)


def test_the_mean_contribution_of_a_hidden_state_is_not_printed() -> None:
    """Over its coefficient it is 2 p (1 - p), where p is the share of patients with a yes."""
    rows = tables()["explanation-importance-table"].rows
    assert {row["variable"] for row in rows} == {"c3", "score", "noise"}
    assert "would tell a number of patients" in str(printed())


def test_profiles_do_not_have_a_hidden_state_as_often_as_patients() -> None:
    preparation = opened().bundle.preparation
    for name in ("fever", "organ"):
        rows = tables()["explanation-beeswarm-table"].rows
        drawn = {row["value"] for row in rows if row["variable"] == name}
        assert drawn == {STATES[name][int(preparation.fill[preparation.names.index(name)])]}


def test_what_a_hidden_state_adds_is_shown_all_the_same() -> None:
    """It is the coefficient, which the equation prints anyway."""
    assert "No profile has these states" in str(printed())
    bars = {
        str(row["state"]): float(str(row["contribution"]))
        for row in tables()["explanation-dependence-fever-table"].rows
    }
    (slope,) = (
        float(row["coefficient"]) for row in coefficients().values() if row["variable"] == "fever"
    )
    assert bars["yes"] - bars["no"] == pytest.approx(slope, abs=1e-5)


def test_the_report_says_what_the_bundle_tells() -> None:
    assert "should get the report and nothing else" in str(printed())
