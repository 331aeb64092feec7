"""A monitoring run as a page and as text: alarms first, nothing unsaid, nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_hospitals import second_hospital

from predictor.fitted.bundle import open_bundle
from predictor.report.document import Figure, Table
from predictor.report.monitor_page import monitor_report
from predictor.report.monitor_text import monitor_text
from predictor.report.page.html import page
from predictor.workflow.monitor import monitor


@pytest.fixture(scope="module")
def drifted() -> dict[str, Any]:
    """Another assay, gaps, and fewer events in the second half."""
    bundle = open_bundle("remission")
    halves = [second_hospital(bundle, 125, seed=5), second_hospital(bundle, 125, seed=6, shift=-3)]
    new = pd.concat(halves, ignore_index=True).assign(patient=[f"T{i}" for i in range(250)])
    new["anti_dsdna"] *= 1.5
    new["crp"] = new["crp"].where(np.arange(250) % 4 != 0)
    return monitor("remission", second_hospital(bundle, 200), new).to_dict()


def tables(found: dict[str, Any]) -> dict[str, Table]:
    blocks = (block for section in monitor_report(found).sections for block in section.blocks)
    return {block.id: block for block in blocks if isinstance(block, Table)}


def test_every_alarm_is_a_line_with_the_names_of_the_clinic(drifted: dict[str, Any]) -> None:
    text = "\n".join(monitor_text(drifted))
    lines = monitor_report(drifted).verdict
    for said in (
        "Anti-dsDNA antibodies: other values than before",
        "C-reactive protein: missing more or less often than before",
        "Remission: fewer events than expected",
    ):
        assert said in text
        assert said in str(lines)
    assert f"{len(drifted['alarms'])} alarms" in text


def test_how_often_nothing_is_behind_an_alarm_is_said(drifted: dict[str, Any]) -> None:
    for said in ("\n".join(monitor_text(drifted)), page(monitor_report(drifted))):
        assert "raise any alarm in at most 1% of such files" in said


def test_the_page_says_that_small_counts_are_in_it(drifted: dict[str, Any]) -> None:
    assert "small ones too" in page(monitor_report(drifted))


def test_gaps_that_nobody_has_take_no_line_of_the_tables(drifted: dict[str, Any]) -> None:
    rows = tables(drifted)["shifts-table"].rows
    assert [row["variable"] for row in rows if row["what"] == "missing"] == ["crp"]
    assert sum(row["code"] == "missingness_shift" for row in drifted["shifts"]) == 6


def test_the_tables_of_the_text_fit_a_terminal_of_eighty_columns(drifted: dict[str, Any]) -> None:
    text = "\n".join(part for part in monitor_text(drifted) if "\n" in part)
    assert max(map(len, text.splitlines())) <= 80
    assert "C-reactive protein, missing" in text


def test_the_chart_draws_the_shares_of_the_batches(drifted: dict[str, Any]) -> None:
    (chart,) = (
        block
        for section in monitor_report(drifted).sections
        for block in section.blocks
        if isinstance(block, Figure)
    )
    rows = [row for row in chart.tables[0].rows if row["series"] == "observed"]
    assert [row["y"] for row in rows] == [
        batch["observed"] / batch["patients"] for batch in drifted["batches"]
    ]
    beyond = sum(batch["alarm"] for batch in drifted["batches"])
    assert beyond > 0
    assert f"in 5 batches of patients, observed and expected; {beyond} lie" in chart.alternative
    assert "<svg" in page(monitor_report(drifted))


def test_a_run_without_outcomes_says_so_and_draws_nothing(drifted: dict[str, Any]) -> None:
    bare = {**drifted, "batches": [], "cusum": []}
    assert "batches-table" not in tables(bare)
    assert "nothing is said of calibration" in page(monitor_report(bare))
