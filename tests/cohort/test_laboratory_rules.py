"""Odd laboratory values: a declared rule converts them, else they are problems with a proposal."""

from __future__ import annotations

from collections import Counter
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from small_study import build_study, right_cohort

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.checking import check_cohort
from predictor.cohort.columns import ReadColumn, read_variable
from predictor.cohort.laboratory import as_yaml, proposals
from predictor.cohort.reading import read_table
from predictor.cohort.slips import slips
from predictor.cohort.table import Table
from predictor.config import CohortSource
from predictor.config_sources import LaboratoryRules
from predictor.errors import ConfigError
from predictor.workflow.check import check

DICTIONARY = load_dictionary()


def column(name: str, cells: list[object], rules: dict[str, Any] | None = None) -> ReadColumn:
    source = CohortSource.model_validate({"laboratory": {name: rules} if rules else {}})
    table = Table("t.csv", {name: cells}, range(2, len(cells) + 2))
    return read_variable(table, DICTIONARY.variable(name), source)


@pytest.mark.parametrize(
    ("name", "cell", "rules", "value"),
    [
        ("crp", "<10", {"below": "half"}, 5.0),
        ("crp", "<10", {"below": "limit"}, 10.0),
        ("crp", "<10", {"below": "sqrt2"}, 10 / 2**0.5),
        ("crp", "<10", {"below": "missing"}, np.nan),
        ("crp", "<1 mg/dL", {"below": "half"}, 5.0),
        ("crp", ">300", {"above": "limit"}, 300.0),
        ("crp", ">300", {"above": "missing"}, np.nan),
        ("crp", "12,5", {"decimal_comma": "point"}, 12.5),
        ("crp", "pending", {"pending": "missing"}, np.nan),
        ("crp", "(-)", {"words": {"(-)": 0.5}}, 0.5),
        ("crp", " Negative ", {"words": {"negative": None}}, np.nan),
        ("crp", "gone astray", {"words": {"Gone astray": None}}, np.nan),
        ("anti_dsdna_titre", "1:320", {"titre": "reciprocal"}, 320.0),
        ("anti_dsdna_titre", "<1:10", {"below": "half"}, 5.0),
        ("anti_dsdna_titre", 0.263888889, {"day_fraction": "titre"}, 320.0),
        ("anti_dsdna_titre", "0.263888889", {"day_fraction": "missing"}, np.nan),
        ("anti_dsdna", "1:320", {"titre": "missing"}, np.nan),
        ("anti_dsdna", "0.263888889", {"day_fraction": "missing"}, np.nan),
    ],
)
def test_a_declared_rule_converts_and_is_counted(
    name: str, cell: object, rules: dict[str, Any], value: float
) -> None:
    read = column(name, [cell, 42.0], rules)
    np.testing.assert_array_equal(read.values, [value, 42.0])
    (note,) = read.problems
    assert note.code.endswith("_converted")
    assert (note.row, note.fatal) == (2, False)


@pytest.mark.parametrize(
    ("name", "cell", "rules", "kind"),
    [
        ("crp", "<10", None, "below"),
        ("crp", "<10", {"above": "limit"}, "below"),
        ("crp", ">10", {"below": "limit"}, "above"),
        ("crp", "12,5", None, "decimal_comma"),
        ("crp", "1,250", {"decimal_comma": "point"}, ""),
        ("crp", "see comment", None, "pending"),
        ("crp", "+", {"words": {"-": 0}}, "qualitative"),
        ("crp", "about 7", {"below": "half"}, ""),
        ("anti_dsdna", "1:320", None, "titre"),
        ("anti_dsdna", "0.263888889", None, "day_fraction"),
        ("anti_dsdna", 0.263888889, {"titre": "missing"}, "day_fraction"),
        ("anti_dsdna", "<1:10", {"below": "half"}, ""),
        ("anti_dsdna_titre", "1:320", None, "titre"),
    ],
)
def test_what_no_rule_speaks_of_is_a_problem_and_no_number(
    name: str, cell: object, rules: dict[str, Any] | None, kind: str
) -> None:
    read = column(name, [cell, 42.0], rules)
    assert np.isnan(read.values[0])
    (problem,) = (p for p in read.problems if p.fatal)
    assert (problem.row, problem.kind) == (2, kind)


def test_numbers_of_an_array_that_were_titres_are_found_too() -> None:
    days = np.array([42.0, (60 + 160) / 1440, np.nan])
    table = Table("t.parquet", {"anti_dsdna": days}, range(1, 4))
    read = read_variable(table, DICTIONARY.variable("anti_dsdna"), CohortSource())
    assert [p.code for p in read.problems] == ["day_fraction"]
    np.testing.assert_array_equal(read.values, [42.0, np.nan, np.nan])


def test_times_in_a_spreadsheet_are_named_and_come_back_as_titres(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    # What a spreadsheet makes of 1:320 and of 1:2560 typed into a cell.
    for cells in (
        ["id", "anti_dsdna_titre"],
        ["a", time(6, 20)],
        ["b", timedelta(hours=43, minutes=40)],
        ["c", 80],
    ):
        sheet.append(cells)
    book.save(tmp_path / "c.xlsx")
    found = check(tmp_path / "c.xlsx")
    assert [(p.row, p.kind) for p in found.problems] == [(2, "day_fraction"), (3, "day_fraction")]
    source = CohortSource.model_validate(
        {"laboratory": {"anti_dsdna_titre": {"day_fraction": "titre"}}}
    )
    table = read_table(tmp_path / "c.xlsx", source)
    read = read_variable(table, DICTIONARY.variable("anti_dsdna_titre"), source)
    np.testing.assert_array_equal(read.values, [320, 2560, 80])


def test_a_variable_that_no_titre_can_be_is_not_suspected() -> None:
    read = column("crp", [(60 + 160) / 1440, 0.263888889])
    assert not [p for p in read.problems if p.fatal]


def test_proposals_count_by_kind_and_deal_with_every_cell_when_they_are_pasted() -> None:
    cells: list[object] = ["<10", "<5", ">300", "1:40", "(-)", "pos", "pending", "3,5", 7.0]
    read = column("anti_dsdna", cells)
    found = proposals(read.problems, DICTIONARY)
    assert {p.kind: p.count for p in found} == {
        "below": 2,
        "above": 1,
        "titre": 1,
        "qualitative": 2,
        "pending": 1,
        "decimal_comma": 1,
    }
    pasted = yaml.safe_load(as_yaml(found))["cohort"]["laboratory"]["anti_dsdna"]
    assert pasted["words"] == {"(-)": None, "pos": None}
    again = column("anti_dsdna", cells, pasted)
    assert not [p for p in again.problems if p.fatal]
    np.testing.assert_array_equal(
        again.values, [5.0, 2.5, 300.0, np.nan, np.nan, np.nan, np.nan, 3.5, 7.0]
    )


def test_conversions_travel_with_the_cohort_as_counts_without_cells() -> None:
    cells = right_cohort()
    cells["c3"][:3] = ["<40", "<40", "<50"]
    study = build_study(cohort={"laboratory": {"c3": {"below": "half"}}})
    found = check_cohort(study, Table("t.csv", cells, range(2, 14))).usable()
    (told,) = (w for w in found.warnings if w.code == "below_converted")
    assert (told.variable, told.count) == ("c3", 3)
    assert "half" in told.message
    assert "40" not in told.message


@pytest.mark.parametrize(
    ("laboratory", "message"),
    [
        ({"crb": {"below": "half"}}, "Did you mean crp?"),
        ({"crp": {}}, "name at least one of below"),
        ({"crp": {"below": "zero"}}, "cohort.laboratory.crp.below"),
        ({"fever": {"below": "half"}}, "fever is no number"),
        ({"anti_dsdna": {"titre": "reciprocal"}}, "anti_dsdna is no titre"),
        ({"crp": {"day_fraction": "titre"}}, "crp is no titre"),
    ],
)
def test_rules_that_cannot_be_are_refused(laboratory: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match="breaks rules") as caught:
        build_study(cohort={"laboratory": laboratory})
    assert any(message in str(reason) for reason in caught.value.reasons)


odd = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="0123456789.,:<>/-+ e()posneg", max_size=10),
    st.floats(),
    st.integers(),
    st.none(),
)


@given(
    cells=st.lists(odd, min_size=1, max_size=8),
    name=st.sampled_from(["crp", "anti_dsdna", "anti_dsdna_titre", "fever", "sex"]),
)
def test_without_a_rule_only_plain_numbers_and_states_have_a_value(
    cells: list[object], name: str
) -> None:
    read = column(name, cells)
    troubled = {p.row for p in read.problems if p.fatal}
    for row, (cell, value) in enumerate(zip(cells, read.values, strict=True)):
        if not np.isnan(value):
            assert row + 2 not in troubled
            assert cell is not None
            if name not in ("fever", "sex"):
                bare = str(cell).strip().lstrip("+")
                assert bare.startswith(("-", ".", *"0123456789")), cell


@given(
    cells=st.lists(odd, min_size=1, max_size=8),
    below=st.sampled_from(["limit", "half", "sqrt2", "missing", None]),
    pending=st.sampled_from(["missing", None]),
    titre=st.sampled_from(["reciprocal", "missing", None]),
)
def test_rules_never_raise_and_touch_no_plain_number(
    cells: list[object], below: str | None, pending: str | None, titre: str | None
) -> None:
    told = {"below": below, "pending": pending, "titre": titre}
    rules = {key: way for key, way in told.items() if way is not None}
    plain, ruled = column("crp", cells), column("crp", cells, rules or None)
    known = ~np.isnan(plain.values)
    np.testing.assert_array_equal(plain.values[known], ruled.values[known])


def spread(middle: float, n: int = 40, seed: int = 1) -> np.ndarray:
    return middle * np.exp(0.1 * np.random.default_rng(seed).standard_normal(n))


@pytest.mark.parametrize(
    ("name", "values", "odd_values", "code"),
    [
        ("albumin", spread(4.0), [0.41], "decimal_slip"),
        ("ldh", spread(180), [3.0, 2.8], "unit_slip"),  # ukat/L
        ("crp", spread(200), [19.0, 21.0], "unit_slip"),  # mg/dL
        ("crp", spread(8), [80.0], "decimal_slip"),
        ("wbc", spread(6), [60.0], "decimal_slip"),
        ("weight", spread(60), [600.0], "decimal_slip"),
        ("creatinine", spread(0.8), [7.0], "unit_slip"),  # mg/L
    ],
)
def test_a_group_a_factor_away_is_found(
    name: str, values: np.ndarray, odd_values: list[float], code: str
) -> None:
    together = np.concatenate([values, odd_values])
    (found,) = slips(DICTIONARY.variable(name), together)
    assert (found.code, found.rows) == (
        code,
        tuple(range(len(values), len(values) + len(odd_values))),
    )
    assert not found.fatal


def test_two_units_in_one_column_are_found_whichever_is_fewer() -> None:
    values = np.concatenate([spread(0.8, 30), spread(0.8, 20, 2) / 0.011312])
    (found,) = slips(DICTIONARY.variable("creatinine"), values)
    assert found.rows == tuple(range(30, 50))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("crp", np.exp(np.random.default_rng(2).normal(1, 1.6, 300))),
        ("creatinine", np.concatenate([spread(0.6), [1.2, 2.0, 2.7, 5.0, 8.0]])),
        ("albumin", spread(4.0)),
        ("albumin", np.array([4.0, 40.0])),
        ("proteinuria", np.zeros(50)),
    ],
)
def test_what_only_varies_is_no_slip(name: str, values: np.ndarray) -> None:
    assert list(slips(DICTIONARY.variable(name), values)) == []


def test_points_of_a_score_are_no_measurement() -> None:
    values = np.array([0.0, 4.0] * 15)
    (found,) = slips(DICTIONARY.variable("proteinuria"), values)
    assert (found.code, found.fatal) == ("score_points", True)
    assert "0 and 4" in found.message
    assert not list(slips(DICTIONARY.variable("sledai_2k"), values))
    read = column("arthritis", ["0", "4.0", 4, "0"])
    (said,) = {p.message for p in read.problems if p.fatal}
    assert said.startswith("is not yes or no but, it seems, the points of a score.")
    assert said.endswith('`cohort.values: {arthritis: {"0": "no", "4": "yes"}}`.')


TRAPS = {
    "haemoglobin": "hgb",
    "albumin": "alb",
    "platelets": "platelet_count",
    "anti_dsdna": "ds_dna",
    "haematocrit": "hct",
    "lymphocytes": "lymphocyte_count",
}
MORE = """
name: more
extends: sle_ivig
variables:
  haematocrit: {label: Haematocrit, kind: continuous, unit: "%"}
  lymphocytes:
    label: Lymphocytes
    kind: continuous
    unit: 10*9/L
    units: {/uL: "1/1000"}
"""


def test_the_traps_of_the_real_file_are_found(shared: Path, tmp_path: Path) -> None:
    study = {
        "name": "traps",
        "question": {
            "outcome": "visit",
            "event": ["1"],
            "non_event": ["0"],
            "horizon": "h",
            "population": "p",
        },
        "dictionary": "more.yaml",
        "cohort": {"patient": "subject", "repeated_rows": True, "columns": TRAPS},
        "predictors": [*TRAPS, "ldh", "proteinuria", "arthritis", "fever"],
        "baseline": "ldh",
        "models": {"ridge": {}},
    }
    (tmp_path / "more.yaml").write_text(MORE)
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study))
    found = check(shared / "data" / "gse65391_visits.csv", tmp_path / "s.yaml")
    cells: dict[str, Counter[str]] = {}
    for p in found.problems:
        cells.setdefault(p.column, Counter())[f"{p.code} {p.value}"] += 1
    # Only what ../shared/README.md prints itself.
    assert {"impossible_value 136.0", "impossible_value 114.0"} <= set(cells["hgb"])
    assert {"suspicious_value 0.7", "impossible_value 8.9"} <= set(cells["alb"])
    assert "suspicious_unit 2.39" in cells["ldh"]
    assert "decimal_slip 3.6" in cells["hct"]
    assert "decimal_slip 57.5" in cells["lymphocyte_count"]
    assert any(key.startswith("score_points") for key in cells["proteinuria"])
    assert any(key.startswith("unreadable_state") for key in cells["arthritis"])
    kinds = Counter({p.kind: p.count for p in found.proposals if p.column == "ds_dna"})
    assert kinds["day_fraction"] + kinds["titre"] + kinds["qualitative"] >= 110
    assert set(kinds) == {"day_fraction", "titre", "qualitative", "pending"}


def test_every_rule_has_a_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "laboratory.md").read_text(encoding="utf-8")
    for rule in LaboratoryRules.model_fields:
        assert f"`{rule}`" in page
    for code in ("unit_slip", "decimal_slip", "score_points", "day_fraction"):
        assert f"`{code}`" in page
