"""A report has its sections in the order of reading, and says what its bundle lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from predictor.report.contents import report as assembled
from predictor.report.contents.report import PARTS, report_of
from predictor.report.contents.source import Source, open_source
from predictor.report.document import Check, Checks, Section, blocks_of, tables_of

ORDER = [
    "verdict",
    "patients",
    "performance",
    "explanation",
    "model",
    "tripod",
    "probast",
    "pitfalls",
    "reproduce",
]


@pytest.fixture(scope="module", params=["remission", "relapse"])
def opened(request: pytest.FixtureRequest) -> Source:
    return open_source(request.param)


def test_sections_stand_in_the_order_of_reading(opened: Source) -> None:
    assert [section.id for section in report_of(opened).sections] == ORDER


def test_a_bundle_without_findings_has_every_section_and_says_what_is_missing(
    opened: Source,
) -> None:
    found = report_of(replace(opened, findings={}))
    assert [section.id for section in found.sections] == ORDER
    assert len(found.missing) == len(PARTS)
    for name in PARTS.values():
        assert sum(name in sentence for sentence in found.missing) == 1


def test_what_programs_need_is_told(opened: Source) -> None:
    about = report_of(replace(opened, tracking={"run_id": "abc"})).about
    assert about["model_digest"] == opened.bundle.digest
    assert about["cohort_digest"] == opened.manifest["cohort"]["digest"]
    assert about["evidence"] == "demonstration"
    assert about["run_id"] == "abc"
    assert report_of(replace(opened, tracking={})).about["run_id"] is None


def test_the_title_says_outcome_horizon_and_name(opened: Source) -> None:
    found = report_of(opened)
    assert found.title.endswith(f", 6 months: report of the model {opened.bundle.name}")
    assert "500 simulated patients" in found.subtitle


def test_warnings_of_the_checks_reach_the_first_page(
    opened: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(source: Source) -> Section:
        checks = (
            Check(1, "leakage", "Leakage suspicion", "warning", "Found.", "Bad."),
            Check(2, "order", "Outcome by order of rows", "note", "Found.", "Odd."),
        )
        return Section("pitfalls", "Pitfalls found", (Checks(checks),))

    monkeypatch.setattr(assembled, "pitfalls", found)
    reasons = report_of(opened).verdict.reasons
    assert reasons[-1] == "Automatic checks that ended in a warning: Leakage suspicion."


def test_ids_of_tables_and_sections_are_unique(opened: Source) -> None:
    sections = report_of(opened).sections
    ids = [table.id for table in tables_of(sections)]
    ids += [block.id for block in blocks_of(sections) if block.block == "figure"]
    ids += [part.id for section in sections for part in (section, *section.parts)]
    assert len(ids) == len(set(ids))
