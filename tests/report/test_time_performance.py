"""The performance of a model of a time as the page shows it."""

from __future__ import annotations

from made_time_source import group, time_source

from predictor.report.contents.source import Source
from predictor.report.contents.time_performance import time_performance
from predictor.report.document import Figure, Listing, Paragraph, blocks_of, tables_of


def figures(source: Source) -> dict[str, Figure]:
    blocks = blocks_of([time_performance(source)])
    return {block.id: block for block in blocks if isinstance(block, Figure)}


def words(source: Source) -> str:
    found = []
    for block in blocks_of([time_performance(source)]):
        if isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Listing):
            found += block.items
    return " ".join(found)


def test_every_figure_has_its_name_and_horizon() -> None:
    (table,) = [
        t
        for t in tables_of([time_performance(time_source())])
        if t.id == "performance-figures-table"
    ]
    assert [row["label"] for row in table.rows][:3] == [
        "C index (Wolbers)",
        "Brier score explained, 12 months",
        "Calibration slope, 12 months",
    ]
    assert table.rows[0]["corrected"] == 0.72


def test_a_horizon_without_groups_is_named_and_not_drawn() -> None:
    source = time_source()
    assert set(figures(source)) == {"performance-calibration-12"}
    assert "At 24 months there is no group with at least 5 patients" in words(source)


def test_groups_are_told_in_words() -> None:
    seen = figures(time_source())["performance-calibration-12"].alternative
    assert "In 2 groups of patients, predictions run from 10% to 30%" in seen
    assert "from 12% to 28%" in seen


def test_one_group_is_said_for_its_reason() -> None:
    one = [group(12, 300, 0.2, 0.21)]
    joined = figures(time_source(calibration=one))["performance-calibration-12"].alternative
    assert "more groups would tell of few events" in joined
    same = time_source(calibration=one, candidate="prevalence")
    assert "Everybody is given the same" in figures(same)["performance-calibration-12"].alternative


def test_the_chosen_candidate_is_marked_and_notes_are_told() -> None:
    source = time_source()
    (table,) = [
        t for t in tables_of([time_performance(source)]) if t.id == "performance-candidates-table"
    ]
    assert table.rows[0]["label"] == "Cox, ridge (chosen)"
    assert "One note." in words(source)
    assert "There was no test for signal." in words(source)


def test_a_test_for_signal_says_what_it_compared() -> None:
    signal = {"sentence": "Signal found.", "statistic": "Brier score", "rule": "as planned"}
    assert "Compared: Brier score; as planned." in words(time_source(signal=signal))
