"""Predictions from a table: nothing guessed, every fault with its rows, no value in a message."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.prediction_cells import MOST_STATES, printable
from predictor.cohort.predictions import (
    MOST_GROUPS,
    NOT_RECORDED,
    UNNAMED,
    PredictionColumns,
    Predictions,
    distinct,
    read_predictions,
)
from predictor.cohort.table import Cells, Table
from predictor.errors import CohortError

YP = PredictionColumns("y", "p")


def table(**columns: Cells) -> Table:
    """Columns as a file would have them, the header in line 1."""
    rows = len(next(iter(columns.values())))
    return Table("file.csv", columns, range(2, rows + 2))


def read(columns: PredictionColumns = YP, *, given: Table, **options: object) -> Predictions:
    return read_predictions(given, columns, **options)  # type: ignore[arg-type]


def reasons(columns: PredictionColumns = YP, *, given: Table, **options: object) -> dict[str, str]:
    """Code -> sentence of everything that is refused."""
    with pytest.raises(CohortError, match=r"file\.csv: ") as caught:
        read(columns, given=given, **options)
    return {reason.code: str(reason) for reason in caught.value.reasons}


def test_outcomes_and_probabilities_of_text_and_of_numbers_are_the_same() -> None:
    text = read(given=table(y=["1", "0", "1.0", "TRUE"], p=["0.5", "0", " 1 ", "1e-3"]))
    numbers = read(given=table(y=np.array([1, 0, 1, 1]), p=np.array([0.5, 0, 1, 1e-3])))
    for found in (text, numbers):
        assert found.outcome.tolist() == [1, 0, 1, 1]
        assert found.probability.tolist() == [0.5, 0, 1, 1e-3]
        assert (found.read, found.left_out, found.warnings) == (4, (), ())


def test_a_decimal_comma_is_read_when_it_is_declared() -> None:
    commas = table(y=["1", "0"], p=["0,25", "0,5"])
    assert read(given=commas, decimal=",").probability.tolist() == [0.25, 0.5]
    assert reasons(given=commas)["unreadable_number"] == (
        "p: 2 rows (2, 3): not a number. If its decimal sign is ',', add --decimal ,."
    )


def test_the_event_can_be_any_value_and_every_other_is_none() -> None:
    states = table(y=["Remission", "flare", " remission", "lda"], p=["0.1"] * 4)
    found = read(PredictionColumns("y", "p", event="remission"), given=states)
    assert found.outcome.tolist() == [1, 0, 1, 0]
    assert found.other_states == ("flare", "lda")


def test_an_event_that_may_be_misspelt_is_refused_with_the_nearest() -> None:
    states = table(y=["remission", "flare"], p=["0.1"] * 2)
    found = reasons(PredictionColumns("y", "p", event="remision"), given=states)
    assert found == {
        "unknown_event": "y: no row has the value that --event names. Did you mean remission?"
    }


def test_a_column_of_many_values_is_no_outcome_and_none_of_them_is_told() -> None:
    names = [f"Person{i}" for i in range(MOST_STATES + 2)]
    many = table(y=names, p=["0.1"] * len(names))
    found = reasons(PredictionColumns("y", "p", event="Person0"), given=many)
    assert found["too_many_states"] == "y: it has 12 different values; an outcome has few."
    assert "Person" not in "".join(found.values())


def test_an_outcome_that_is_not_0_or_1_asks_for_the_event() -> None:
    coded = table(y=["1", "2", "1", "2"], p=["0.1"] * 4)
    assert reasons(given=coded)["unknown_state"] == (
        "y: 2 rows (3, 5): the outcome is neither 0 nor 1. Name the value that is the event with "
        "--event."
    )


@pytest.mark.parametrize(
    ("cells", "code", "advice"),
    [
        (["12", "80", "100", "0"], "probability_out_of_range", "if they are percentages"),
        (["-2.5", "1.5", "3", "0.1"], "probability_out_of_range", "If these are log-odds"),
        (["12%", "80 %", "0%", "5%"], "unreadable_number", "written as 0.25, not as 25%"),
        (["nan", "-", "null", "?"], "unreadable_number", "name it with --missing"),
        (["inf", "1e999", "0.1", "0.2"], "probability_out_of_range", ""),
        ([math.inf, 0.5, 0.5, 0.5], "probability_out_of_range", ""),
        ([True, False, 0.5, 0.5], "unreadable_number", ""),
        (["<0.1", "0.5 mg", "1:2", "0.1 0.2"], "unreadable_number", ""),
        (["١", "½", "0x1", "1_0"], "unreadable_number", ""),
        ([[0.1], object(), {"a": 1}, b"0.1"], "unreadable_number", ""),
        (["1.0000001", "0.5", "0.5", "0.5"], "probability_out_of_range", ""),
    ],
)
def test_what_is_no_probability_is_refused_with_advice_where_its_kind_is_known(
    cells: Sequence[object], code: str, advice: str
) -> None:
    found = reasons(given=table(y=["1", "0", "1", "0"], p=cells))
    assert set(found) == {code}
    assert advice in found[code]
    assert advice or found[code].endswith(("outside 0 to 1.", "not a number."))


def test_a_few_numbers_out_of_range_are_no_other_scale() -> None:
    cells = ["0.5"] * 20 + ["-99", "1.2"]
    found = reasons(given=table(y=["1", "0"] * 11, p=cells))
    assert found["probability_out_of_range"] == "p: 2 rows (22, 23): outside 0 to 1."


def test_every_fault_is_told_at_once() -> None:
    found = reasons(
        PredictionColumns("y", "p", compare="q"),
        given=table(y=["1", "5", ""], p=["x", "2", "0.1"], q=["0.1", "", "0.2"]),
    )
    assert set(found) == {
        "unknown_state",
        "unreadable_number",
        "probability_out_of_range",
        "missing_outcome",
        "missing_probability",
    }


def test_missing_rows_are_refused_until_they_may_be_dropped_and_then_counted_once() -> None:
    gaps = table(
        y=["1", "", "0", "NA", "1", "0"],
        p=["0.1", "", "0.2", "0.3", "", "0.9"],
        q=["0.1", "0.1", "", "0.3", "0.1", "0.9"],
    )
    columns = PredictionColumns("y", "p", compare="q")
    assert reasons(columns, given=gaps)["missing_outcome"] == (
        "y: 2 rows (3, 5): no outcome. --drop-missing leaves such rows out and counts them."
    )
    found = read(columns, given=gaps, drop_missing=True)
    assert [(part.code, part.rows) for part in found.left_out] == [
        ("missing_outcome", 2),
        ("missing_probability", 2),
    ]
    assert found.outcome.tolist() == [1, 0]
    assert found.compared is not None
    assert found.compared.tolist() == [0.1, 0.9]
    assert found.outcome.size + sum(part.rows for part in found.left_out) == found.read


def test_a_declared_spelling_is_missing_as_text_and_as_a_number() -> None:
    given = table(y=["1", "0", "1"], p=["0.1", "-99", "nil"])
    found = read(given=table(y=["1", "0", "0"], p=np.array([0.1, -99.0, 0.2])),
                 missing=("-99",), drop_missing=True)  # fmt: skip
    assert found.probability.tolist() == [0.1, 0.2]
    with pytest.raises(CohortError, match="every row has the event"):
        read(given=given, missing=("-99", "nil"), drop_missing=True)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (["1", "1"], r"file\.csv, column y: every row has the event \(2 rows\)"),
        (["0", "0"], r"file\.csv, column y: no row has the event \(2 rows\)"),
        (["", "NA"], r"file\.csv: no row has both an outcome and a probability"),
    ],
)
def test_one_class_is_refused(outcome: list[str], message: str) -> None:
    with pytest.raises(CohortError, match=message):
        read(given=table(y=outcome, p=["0.1", "0.2"]), drop_missing=True)


def test_columns_that_are_not_there_are_named_with_the_nearest_or_with_all() -> None:
    given = table(remission=["1", "0"], p=["0.1", "0.2"])
    with pytest.raises(CohortError, match="the columns are not as named") as caught:
        read(PredictionColumns("Remision", "zzz"), given=given)
    assert [str(reason) for reason in caught.value.reasons] == [
        "Remision: the file has no such column. Did you mean remission?",
        "zzz: the file has no such column. There are: remission, p.",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (PredictionColumns("y", "y"), "cannot be both the outcome and its probability"),
        (PredictionColumns("y", "p", compare="y"), "cannot be both the outcome"),
        (PredictionColumns("y", "p", compare="p"), "a model is not compared with itself"),
        (PredictionColumns("y", "p", by="y"), "the outcome makes no subgroups"),
        (PredictionColumns("y", "p", by="id", patient="id"), "a patient is no subgroup"),
    ],
)
def test_a_column_has_one_role(columns: PredictionColumns, message: str) -> None:
    given = table(y=["1", "0"], p=["0.1", "0.2"], id=["a", "b"])
    with pytest.raises(CohortError, match=message):
        read(columns, given=given)


def test_subgroups_are_values_as_they_stand_and_the_rest_is_not_recorded() -> None:
    found = read(
        PredictionColumns("y", "p", by="g"),
        given=table(y=["1", "0", "1", "0"], p=["0.1"] * 4, g=[" A", 1.0, None, "A"]),
    )
    assert found.group == ("A", "1", NOT_RECORDED, "A")


def test_a_measurement_makes_no_subgroups() -> None:
    n = MOST_GROUPS + 1
    given = table(y=["1", "0"] * n, p=["0.1"] * 2 * n, g=[*range(n), *range(n)])
    found = reasons(PredictionColumns("y", "p", by="g"), given=given)
    assert "it has 21 different values; there can be 20 subgroups" in found["too_many_groups"]


def test_repeated_and_unnamed_patients_are_warnings() -> None:
    found = read(
        PredictionColumns("y", "p", patient="id"),
        given=table(y=["1", "0", "1", "0"], p=["0.1"] * 4, id=["7", 7.0, "", "8"]),
    )
    assert [(w.code, w.count) for w in found.warnings] == [
        ("repeated_patients", 1),
        ("missing_patient", 1),
    ]
    assert "3 rows come from 2 patients" in found.warnings[0].message
    assert found.patient is not None
    assert found.patient.tolist() == [0, 0, UNNAMED, 1]
    assert distinct(found.patient) == 2


def test_a_simulated_file_is_known_as_one() -> None:
    given = table(y=["1", "0"], p=["0.1", "0.2"], simulated=["1", "1"])
    assert read(given=given).simulated


HOSTILE = st.one_of(
    st.none(),
    st.text(max_size=12).map(lambda text: f"Qz{text}"),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.decimals(allow_nan=True),
    st.sampled_from(["", "NA", "0", "1", "0.5", "0,5", "50%", "=cmd()", "\x1b[31m", "1e400"]),
)
CELLS = st.tuples(st.sampled_from(["0", "1"]) | HOSTILE, st.floats(0, 1) | HOSTILE, HOSTILE)


@given(st.lists(CELLS, min_size=1, max_size=8), st.booleans())
def test_any_cells_give_probabilities_or_a_refusal_without_a_value(
    rows: list[tuple[object, object, object]], drop: bool
) -> None:
    y, p, g = (list(column) for column in zip(*rows, strict=True))
    columns = PredictionColumns("y", "p", by="g", patient="g2")
    given = table(y=y, p=p, g=g, g2=g)
    try:
        found = read(columns, given=given, drop_missing=drop)
    except CohortError as error:
        said = str(error)
    else:
        said = ""
        assert set(found.outcome.tolist()) == {0.0, 1.0}
        assert ((found.probability >= 0) & (found.probability <= 1)).all()
        assert found.outcome.size + sum(part.rows for part in found.left_out) == len(rows)
    assert "Qz" not in said
    assert "\x1b" not in said


@given(st.text())
def test_a_printed_name_is_one_short_line(text: str) -> None:
    shown = printable(text)
    assert len(shown) <= 40
    assert shown.isprintable()
