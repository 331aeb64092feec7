"""The report lies in the bundle outside its digests, whole or not at all, and can be rewritten."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from made_cohorts import cohort, configuration

from predictor.errors import BundleError, DocumentError, PredictorError
from predictor.fitted.bundle import load_bundle, save_bundle
from predictor.fitted.folder import sole_writer
from predictor.report.document import Figure, Report, blocks_of
from predictor.shipped import find
from predictor.workflow import report as stage
from predictor.workflow.report import report_file, write_report
from predictor.workflow.track import track
from predictor.workflow.train import TrainingRun, train

FILES = ("report.html", "report.json", "model_card.md")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return train(configuration(), cohort(), out=tmp_path_factory.mktemp("run") / "b", workers=1)


@pytest.fixture
def bundle(run: TrainingRun, tmp_path: Path) -> Path:
    """The bundle of a finished training, to be played with."""
    return Path(shutil.copytree(run.bundle, tmp_path / "bundle"))


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rebuilt(bundle: Path, folder: Path, files: dict[str, bytes], **changes: Any) -> Path:
    """A bundle with the same model, and a manifest that was changed before it was sealed."""
    loaded = load_bundle(bundle)
    save_bundle(folder, {**loaded.manifest, **changes}, loaded.preparation, loaded.model, files)
    return folder


def test_training_writes_page_data_and_card_and_hands_on_the_page(run: TrainingRun) -> None:
    assert run.report == run.bundle / "report.html"
    assert run.to_dict()["report"] == str(run.report)
    assert run.report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    listed = load_bundle(run.bundle).manifest["files"]
    for name in FILES:
        assert (run.bundle / name).is_file()
        assert name not in listed


def test_writing_it_again_changes_nothing_but_nothing(bundle: Path) -> None:
    before, digest = content(bundle), load_bundle(bundle).digest
    written = report_file(bundle)
    assert written.files == tuple(bundle / name for name in FILES)
    assert content(bundle) == before
    assert load_bundle(bundle).digest == digest


def test_a_lost_report_comes_back_from_the_bundle_alone(bundle: Path) -> None:
    before = content(bundle)
    for name in FILES:
        (bundle / name).unlink()
    report_file(bundle)
    assert content(bundle) == before


def test_an_altered_report_does_not_make_the_bundle_an_altered_one(bundle: Path) -> None:
    for name in FILES:
        (bundle / name).write_text("altered")
    load_bundle(bundle)
    report_file(bundle)
    assert (bundle / "report.html").read_text(encoding="utf-8") != "altered"


def test_the_page_holds_what_its_data_say(bundle: Path) -> None:
    data = json.loads((bundle / "report.json").read_text(encoding="utf-8"))
    page = (bundle / "report.html").read_text(encoding="utf-8")
    wanted = [data["verdict"]["headline"], *(f'id="{s["id"]}"' for s in data["sections"])]
    assert not [text for text in wanted if text not in page]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_chosen_by_its_suffix(bundle: Path, name: str, tmp_path: Path) -> None:
    out = tmp_path / f"elsewhere{Path(name).suffix.upper()}"
    written = report_file(bundle, out)
    assert written.files == (out,)
    assert out.read_bytes() == (bundle / name).read_bytes()


def test_a_folder_gets_all_files_and_the_bundle_stays_as_it_is(
    bundle: Path, tmp_path: Path
) -> None:
    before = content(bundle)
    report_file(bundle, tmp_path / "made")
    assert sorted(os.listdir(tmp_path / "made")) == sorted(FILES)
    assert content(bundle) == before


@pytest.mark.parametrize("name", ["nope/here", "nope/here.html", "nope/there/here"])
def test_no_folder_is_made_above_the_place_that_was_named(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(PredictorError, match="the folder above it does not exist"):
        report_file(bundle, tmp_path / name)
    assert not (tmp_path / "nope").exists()


@pytest.mark.parametrize("name", ["d.html", "d.JSON", "d.md"])
def test_a_folder_that_is_called_like_a_file_is_no_place(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(PredictorError, match="this is a folder, and its name is that of a file"):
        report_file(bundle, tmp_path / name)
    assert not list((tmp_path / name).iterdir())
    report_file(bundle, tmp_path / name / "report.html")
    assert [path.name for path in (tmp_path / name).iterdir()] == ["report.html"]


def test_the_bundle_named_as_place_is_the_bundle(bundle: Path) -> None:
    assert report_file(bundle, bundle).path == bundle / "report.html"


def test_a_shipped_model_needs_a_place(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"came with the package and stays as it is.*--out"):
        report_file("remission")
    written = report_file("remission", tmp_path)
    assert {path.name for path in written.files} == set(FILES)
    assert written.report.verdict.code == "demonstration"


def test_a_place_without_the_right_to_write_is_told(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.os, "access", lambda *_: False)
    with pytest.raises(BundleError, match=r"nothing can be written here.*--out"):
        report_file(bundle)


def test_another_bundle_is_no_place(bundle: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    with pytest.raises(PredictorError, match="another bundle lies here"):
        report_file(bundle, other)


@pytest.mark.parametrize("name", ["manifest.json", "findings.json", "report.html", "new.md"])
def test_no_file_of_a_bundle_is_written_over_by_name(bundle: Path, name: str) -> None:
    before = content(bundle)
    with pytest.raises(PredictorError, match="a file inside a bundle is not written by name"):
        report_file("remission", bundle / name)
    assert content(bundle) == before


@pytest.mark.parametrize("name", ["report.docx", "report.htm"])
def test_an_unknown_suffix_is_told(bundle: Path, name: str, tmp_path: Path) -> None:
    with pytest.raises(PredictorError, match=r"written as \.html, \.json or \.md"):
        report_file(bundle, tmp_path / name)


def test_a_report_that_cannot_be_written_leaves_the_old_one(bundle: Path) -> None:
    before = content(bundle)
    (bundle / ".report.json.new").mkdir()
    with pytest.raises(PredictorError, match="the report cannot be written here"):
        report_file(bundle)
    (bundle / ".report.json.new").rmdir()
    assert content(bundle) == before


def test_what_a_killed_writing_left_does_not_stop_the_next_training(bundle: Path) -> None:
    (bundle / ".report.html.new").write_text("half")
    plan = {"folds": 2, "repeats": 1, "bootstrap": 0, "permutations": 0}
    done = train(configuration(validation=plan), cohort(), out=bundle, workers=1)
    assert not (bundle / ".report.html.new").exists()
    assert done.report.is_file()


def test_two_writers_are_kept_apart(bundle: Path) -> None:
    with sole_writer(bundle), pytest.raises(BundleError, match="another run is writing"):
        report_file(bundle)


def test_a_model_card_that_an_older_manifest_lists_stays(bundle: Path, tmp_path: Path) -> None:
    old = rebuilt(bundle, tmp_path / "old", {"model_card.md": b"# of old\n"})
    written = report_file(old)
    assert written.kept == old / "model_card.md"
    assert written.files == (old / "report.html", old / "report.json")
    assert (old / "model_card.md").read_text() == "# of old\n"
    load_bundle(old)


def test_a_bundle_without_findings_says_what_is_missing(bundle: Path, tmp_path: Path) -> None:
    old = rebuilt(bundle, tmp_path / "old", {})
    found = report_file(old).report
    assert found.missing
    assert all(said.startswith("Not in this bundle: ") for said in found.missing)
    whole = report_file(bundle).report
    assert [s.id for s in found.sections] == [s.id for s in whole.sections]
    assert [p.id for s in found.sections for p in s.parts] == [
        p.id for s in whole.sections for p in s.parts
    ]


def test_a_bundle_without_validation_says_what_is_missing(bundle: Path, tmp_path: Path) -> None:
    known = load_bundle(bundle).manifest["validation"]
    old = rebuilt(bundle, tmp_path / "old", {}, validation={"models": known["models"]})
    written = report_file(old)
    assert written.report.verdict.code == "not validated"
    load_bundle(old)


def test_a_manifest_that_says_too_little_is_told_in_a_sentence(
    bundle: Path, tmp_path: Path
) -> None:
    poor = rebuilt(bundle, tmp_path / "poor", {}, validation=7)
    with pytest.raises(BundleError, match="its manifest says too little for a report"):
        report_file(poor)


def test_no_model_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        report_file(tmp_path / "nothing")


def test_a_run_that_is_sent_later_is_named_in_the_report(bundle: Path, tmp_path: Path) -> None:
    sent = track(bundle, uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    data = json.loads((bundle / "report.json").read_text(encoding="utf-8"))
    assert data["about"]["run_id"] == sent.run_id
    named = sent.run_id in (bundle / "report.html").read_text(encoding="utf-8")
    assert named


def test_ids_are_unique_and_every_check_points_to_one(bundle: Path) -> None:
    report = write_report(bundle).report
    found = ids(report)
    assert len(found) == len(set(found))
    for block in blocks_of(report.sections):
        for part in (*getattr(block, "checks", ()), *getattr(block, "items", ())):
            section = getattr(part, "section", "")
            assert not section or section in found, section


def ids(report: Report) -> list[str]:
    """Every anchor, in the order of the page."""
    found: list[str] = []
    waiting = list(report.sections)
    while waiting:
        section = waiting.pop(0)
        found.append(section.id)
        for block in section.blocks:
            found += [block.id] if hasattr(block, "id") else []
            found += [table.id for table in getattr(block, "tables", ())]
        waiting = [*section.parts, *waiting]
    return found


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A cohort as a clinic has it: columns that the model does not know, one patient refused."""
    table = cohort(30, seed=9).rename(columns={"activity": "sledai_2k"})
    table.loc[3, "c3"] = -5.0
    table.to_csv(tmp_path / "others.csv", index=False)
    return tmp_path / "others.csv"


def test_real_patients_are_drawn_only_where_somebody_asks_and_not_in_a_bundle(
    bundle: Path, others: Path, tmp_path: Path
) -> None:
    before = content(bundle)
    with pytest.raises(PredictorError, match="is not written into a bundle"):
        report_file(bundle, patients=others)
    plain = report_file(bundle, tmp_path / "plain.json").report
    drawn = report_file(bundle, tmp_path / "drawn.json", patients=others).report
    assert ids(plain) == ids(drawn)
    swarm = {name: _rows(found, "beeswarm") for name, found in (("p", plain), ("d", drawn))}
    assert swarm["p"] != swarm["d"]
    assert len({row["variable"] for row in swarm["d"]}) == 5
    assert content(bundle) == before


@pytest.mark.parametrize("model", ["remission", "relapse"])
def test_the_reports_of_the_shipped_models_are_those_that_this_version_writes(
    model: str, tmp_path: Path
) -> None:
    report_file(model, tmp_path)
    shipped = find(model, "models")
    assert shipped is not None
    # What `predictor report NAME --out FOLDER` writes is to be copied to models/NAME.
    assert (tmp_path / "model_card.md").read_text() == (shipped / "model_card.md").read_text()
    written, kept = (_without_files(folder / "report.html") for folder in (tmp_path, shipped))
    assert written == kept


def _without_files(page: Path) -> str:
    """A page without the CSV in it, whose last digits depend on the libraries."""
    return re.sub(r'href="data:[^"]*"', "", page.read_text())


def test_a_cohort_without_anybody_is_told(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "nobody.csv").write_text("age,sex,c3\n-3,female,80\n")
    with pytest.raises(DocumentError, match="there is no column"):
        report_file(bundle, tmp_path / "out.html", patients=tmp_path / "nobody.csv")


def test_single_patients_are_not_drawn_in_a_report(
    bundle: Path, others: Path, tmp_path: Path
) -> None:
    lines = others.read_text().splitlines()
    # The fourth of them is refused by predict(), so there are none, one and four.
    for first, last in ((4, 4), (3, 4), (1, 5)):
        some = tmp_path / "some.csv"
        some.write_text("\n".join([lines[0], *lines[first : last + 1]]))
        with pytest.raises(DocumentError, match=r"fewer than 5|no patient in it"):
            report_file(bundle, tmp_path / "out.html", patients=some)
    assert not (tmp_path / "out.html").exists()


def _rows(report: Report, kind: str) -> list[Mapping[str, Any]]:
    return [
        row
        for block in blocks_of(report.sections)
        if isinstance(block, Figure) and block.kind == kind
        for row in block.tables[0].rows
    ]
