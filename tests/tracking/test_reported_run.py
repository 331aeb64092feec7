"""A run carries its report: the verdict as tags to filter by, tables, and the files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from predictor.errors import BundleError
from predictor.report.document import (
    Column,
    Figure,
    Paragraph,
    Report,
    Section,
    Table,
    Verdict,
)
from predictor.report.report_json import report_json
from predictor.tracking.record import File, Tags, Text, bundle_files, record
from predictor.tracking.sending import send_bundle
from predictor.tracking.store import TrackingSettings

VERDICT = Verdict("no signal", "No signal: nothing to validate.", ("p = 0.4",), ("Report it.",))
FORMULA = '=HYPERLINK("http://example.org")'


def _table(name: str, *rows: dict[str, object]) -> Table:
    shown = (Column("label", "Label"), Column("value", "Value", "number"))
    return Table(name, "A table", shown, rows)  # type: ignore[arg-type]


REPORT = Report(
    "A title",
    "and below",
    VERDICT,
    {"name": "a test"},
    (
        Section("verdict", "Verdict", (Paragraph("No signal."),)),
        Section(
            "patients",
            "Patients",
            (_table("patients-flow-table", {"value": 31, "label": FORMULA, "more": 1}),),
            (
                Section(
                    "patients-missing",
                    "Missing",
                    (
                        Figure(
                            "f", "missing", "T", "In words", (_table("behind", {"value": 0.5}),), {}
                        ),
                        _table("nothing"),
                    ),
                ),
            ),
        ),
    ),
)


@pytest.fixture
def reported_bundle(bundle: Path) -> Path:
    (bundle / "report.json").write_bytes(report_json(REPORT))
    (bundle / "report.html").write_text("<!DOCTYPE html><title>A title</title>")
    (bundle / "model_card.md").write_text("# A title\n")
    return bundle


def test_the_verdict_becomes_tags_beside_outcome_cohort_and_evidence(
    reported_bundle: Path,
) -> None:
    (tags,) = (
        f for f in record(reported_bundle, version="0") if f.__class__ is Tags and not f.model
    )
    assert isinstance(tags, Tags)
    assert tags.values["verdict"] == "no signal"
    assert tags.values["verdict.headline"] == VERDICT.headline
    for known in ("outcome.name", "cohort.digest", "evidence.level"):
        assert known in tags.values


def test_every_table_is_an_artifact_without_formulas(reported_bundle: Path) -> None:
    texts = {f.path: f.content for f in record(reported_bundle, version="0") if isinstance(f, Text)}
    found = {path: text for path, text in texts.items() if path.startswith("report/tables/")}
    assert list(found) == ["report/tables/patients-flow-table.csv", "report/tables/behind.csv"]
    (row,) = csv.DictReader(io.StringIO(found["report/tables/patients-flow-table.csv"]))
    assert row == {"label": f"'{FORMULA}", "value": "31", "more": "1"}


def test_the_files_are_artifacts_and_go_with_the_model(reported_bundle: Path) -> None:
    files = [f.path for f in record(reported_bundle, version="0") if isinstance(f, File)]
    for name in ("report.html", "report.json", "model_card.md"):
        assert files.count(f"report/{name}") == 1
        assert files.count(f"bundle/{name}") == 1
        assert name in bundle_files(reported_bundle)


def test_a_model_card_that_an_old_manifest_lists_is_sent_once(bundle: Path) -> None:
    assert len(bundle_files(bundle)) == len(set(bundle_files(bundle)))


def test_a_bundle_without_a_report_is_sent_without_one(bundle: Path) -> None:
    facts = list(record(bundle, version="0"))
    assert not [f for f in facts if isinstance(f, File | Text) and f.path.startswith("report")]
    assert not [f for f in facts if isinstance(f, Tags) and "verdict" in f.values]


@pytest.mark.parametrize("damage", ["{", "[]", "\x00"])
def test_a_damaged_report_says_how_to_write_it_again(bundle: Path, damage: str) -> None:
    (bundle / "report.json").write_text(damage)
    with pytest.raises(BundleError, match="predictor report MODEL"):
        list(record(bundle, version="0"))


def test_runs_are_found_by_outcome_cohort_evidence_and_verdict(
    reported_bundle: Path, make_bundle: Callable[..., Path], store: str
) -> None:
    from predictor.tracking.client import session

    other = make_bundle("other")
    (other / "report.json").write_bytes(report_json(REPORT).replace(b"no signal", b"miscalibrated"))
    settings = TrackingSettings("reports", store, None)
    sent = [send_bundle(folder, settings, version="0") for folder in (reported_bundle, other)]
    with session(store) as client:
        experiment = client.get_experiment_by_name("reports").experiment_id
        digest = "sha256:" + "ab" * 32
        same = f"tags.`outcome.name` = 'remission' and tags.`cohort.digest` = '{digest}'"

        def found(query: str) -> set[str]:
            return {run.info.run_id for run in client.search_runs([experiment], query)}

        assert found(same) == {run.run_id for run in sent}
        assert found(f"{same} and tags.verdict = 'no signal'") == {sent[0].run_id}
        assert found(f"{same} and tags.verdict = 'miscalibrated'") == {sent[1].run_id}
        assert found("tags.`evidence.level` = 'demonstration'") == set()
        listed = {f.path for f in client.list_artifacts(sent[0].run_id, "report")}
    assert {"report/report.html", "report/report.json", "report/tables"} <= listed
