"""The checks for pitfalls, the questions of PROBAST+AI and subgroups, of several states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_states import STATES, cohort_of_states, configuration_of_states

from predictor.report.contents.source import Source, open_source
from predictor.report.contents.state_report import state_report_of
from predictor.report.document import Check, Checklist, Checks, Item, Section, Table, blocks_of
from predictor.validation.pitfall import CODES
from predictor.workflow.train import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checks")


@pytest.fixture(scope="module")
def source(folder: Path) -> Source:
    config = configuration_of_states(choose="multinomial")
    return open_source(train(config, cohort_of_states(300), out=folder / "b", workers=1).bundle)


def checks(source: Source) -> dict[str, Check]:
    section = next(s for s in state_report_of(source).sections if s.id == "pitfalls")
    (found,) = (block for block in section.blocks if isinstance(block, Checks))
    return {check.code: check for check in found.checks}


def items(source: Source) -> dict[str, Item]:
    section = next(s for s in state_report_of(source).sections if s.id == "probast")
    return {
        item.number: item
        for block in blocks_of((section,))
        if isinstance(block, Checklist)
        for item in block.items
    }


def test_every_check_is_there_and_says_why_where_it_is_not_made(source: Source) -> None:
    found = checks(source)
    assert list(found) == list(CODES)
    unmade = {code for code, check in found.items() if check.status == "not assessed"}
    assert {"unstable_explanation", "centre_performance"} <= unmade
    assert not unmade & {"leakage", "separation", "optimism", "calibration_drift", "row_order"}
    for check in found.values():
        assert "{" not in check.finding
        assert "not shown" not in check.finding


def test_a_predictor_that_tells_one_state_is_a_warning_with_its_state(folder: Path) -> None:
    frame = cohort_of_states(300)
    generator = np.random.default_rng(1)
    remission = (frame["state"] == "remission").to_numpy()
    # Almost, and not exactly, which would stop the training.
    frame["c4"] = np.where(remission, 65.0, 40.0) + generator.normal(0, 7, len(frame))
    config = configuration_of_states(choose="proportional_odds")
    leaked = open_source(train(config, frame, out=folder / "leak", workers=1).bundle)
    leakage = checks(leaked)["leakage"]
    assert leakage.status == "warning"
    assert leakage.finding.endswith("State: remission.")
    assert items(leaked)["D3.3"].answer.startswith("Probably no")


def test_sorted_rows_are_noticed(folder: Path) -> None:
    frame = cohort_of_states(300).sort_values("state").reset_index(drop=True)
    config = configuration_of_states(choose="proportional_odds")
    found = open_source(train(config, frame, out=folder / "sorted", workers=1).bundle)
    assert checks(found)["row_order"].status == "warning"


def test_probast_is_answered_in_words_of_states(source: Source) -> None:
    found = items(source)
    assert found["D4.1"].answer.split(":")[0] in ("Yes", "No")
    assert "state" in found["E4.2"].answer
    assert found["E4.6"].answer.startswith("Yes")
    for number, item in found.items():
        if item.answered != "for a person":
            assert "event" not in item.answer or number == "E4.7"


def tables(section: Section) -> Iterator[Table]:
    return (block for block in blocks_of((section,)) if isinstance(block, Table))


def test_subgroups_tell_the_shares_that_were_seen_and_expected(source: Source) -> None:
    section = next(s for s in state_report_of(source).sections if s.id == "performance")
    (table,) = (t for t in tables(section) if t.id == "performance-subgroups-table")
    frame = cohort_of_states(300)
    female = next(row for row in table.rows if row["group"] == "female")
    assert female["n_text"] == int((frame["sex"] == "female").sum())
    assert 0.5 < float(str(female["orc"])) < 1
    for state in STATES:
        seen = (frame.loc[frame["sex"] == "female", "state"] == state).mean()
        assert str(female[f"share_{state}"]).startswith(f"{seen:.0%} seen, ")


def test_small_subgroups_tell_nothing_of_their_states(folder: Path) -> None:
    config = configuration_of_states(choose="multinomial", privacy={"cell_size": 12})
    small = open_source(train(config, cohort_of_states(), out=folder / "small", workers=1).bundle)
    counts = cohort_of_states()["state"].value_counts()
    found = small.findings["subgroups"]["rows"]
    if counts.min() < 12:
        assert all(row["states"] is None for row in found)
    for row in found:
        assert row["n"] is None or row["n"] >= 12
