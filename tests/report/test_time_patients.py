"""Who was followed, and how long: what the page says, and what it keeps."""

from __future__ import annotations

from typing import Any

from made_time_source import time_source

from predictor.report.contents.source import Source
from predictor.report.contents.time_patients import time_patients
from predictor.report.document import Figure, Paragraph, Table, blocks_of, tables_of

BY_MONTH: dict[str, Any] = {
    "event": [
        {"month": 6, "value": 0.1, "low": 0.05, "high": 0.15},
        {"month": 12, "value": 0.2, "low": 0.1, "high": 0.3},
    ],
    "competing": [],
    "at_risk": [{"month": 0, "at_risk": 300}, {"month": 12, "at_risk": 200}],
}


def texts(source: Source) -> str:
    blocks = blocks_of([time_patients(source)])
    return " ".join(block.text for block in blocks if isinstance(block, Paragraph))


def table(source: Source, name: str) -> Table:
    return next(t for t in tables_of([time_patients(source)]) if t.id == name)


def test_the_event_its_start_and_what_competes_are_said_first() -> None:
    found = texts(time_source())
    assert "Event: relapse; counted from last infusion and judged at 12 and 24 months." in found
    assert "A competing event (recorded as death) ends the time" in found
    assert "Nothing competes with the event." in texts(time_source(competing=()))


def test_who_is_asked_about_is_said() -> None:
    asked = {"response": ["remission", "low_disease_activity"]}
    assert "response: remission and low disease activity" in texts(time_source(among=asked))
    assert "Asked about" not in texts(time_source())


def test_horizons_have_a_row_each_and_a_hidden_count_stays_hidden() -> None:
    rows = table(time_source(), "patients-follow-up-horizons").rows
    assert [(row["month"], row["at_risk"]) for row in rows] == [(12, 200), (24, None)]


def test_a_column_of_what_competes_stands_where_something_does() -> None:
    keys = [
        [c.key for c in table(time_source(competing=kinds), "patients-follow-up-horizons").columns]
        for kinds in (("death",), ())
    ]
    assert keys == [
        ["month", "at_risk", "incidence", "competing"],
        ["month", "at_risk", "incidence"],
    ]


def test_the_curve_begins_at_nothing_and_ends_with_the_last_month() -> None:
    source = time_source(findings={"time_by_month": BY_MONTH})
    rows = table(source, "patients-incidence-table").rows
    assert [(row["x"], row["y"]) for row in rows] == [(0, 0.0), (6, 0.1), (12, 0.2)]
    (figure,) = [
        block
        for block in blocks_of([time_patients(source)])
        if isinstance(block, Figure) and block.id == "patients-incidence-figure"
    ]
    assert "The event rises to 20% at month 12." in figure.alternative
    assert "What competes" not in figure.alternative


def test_too_few_events_for_a_curve_are_said_and_not_drawn() -> None:
    none = {**BY_MONTH, "event": []}
    assert "Too few had the event for a curve" in texts(
        time_source(findings={"time_by_month": none})
    )


def test_nothing_is_told_by_how_the_follow_up_ended() -> None:
    row = {
        "variable": "c3", "label": "Complement C3", "unit": "mg/dL", "state": None,
        "statistic": "median (quartiles)", "all": "90 (80 to 100)",
    }  # fmt: skip
    patients = {"flow": [], "time_table": {"rows": [row]}}
    found = table(time_source(findings={"patients": patients}), "patients-table-one-table")
    assert [column.key for column in found.columns] == ["characteristic", "statistic", "all"]
    assert found.rows[0]["characteristic"] == "Complement C3 (mg/dL)"
