"""PDF by a browser: what is said without one, and what a real one prints."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from made_answers import full_bundle
from made_bundles import FULL
from printed import page_count, text_of
from run_commands import Run, runner

from predictor.errors import MissingExtraError, PredictorError
from predictor.report import pdf


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    return path


def test_without_a_browser_it_is_said_what_to_install(alone: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"no Chromium.*Install Chromium"):
        pdf.browser()


@pytest.mark.parametrize("name", pdf.BROWSERS)
def test_any_of_the_browsers_is_found(alone: Path, name: str) -> None:
    path = program(alone, name)
    assert pdf.browser() == str(path)


def test_a_browser_that_fails_is_told_in_a_sentence(alone: Path) -> None:
    program(alone, "chrome")
    with pytest.raises(PredictorError, match="chrome did not print the page"):
        pdf.as_pdf(b"<p>x</p>")


def test_the_browser_gets_no_network_and_a_profile_of_its_own(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(alone, "chromium")
    asked: list[list[str]] = []

    def run(command: list[str], **settings: Any) -> None:
        asked.append(command)
        out = next(word for word in command if word.startswith("--print-to-pdf="))
        Path(out.partition("=")[2]).write_bytes(b"%PDF")

    monkeypatch.setattr(subprocess, "run", run)
    assert pdf.as_pdf(b"<p>x</p>") == b"%PDF"
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in asked[0]
    assert any(word.startswith("--user-data-dir=") for word in asked[0])


def test_the_commands_say_it_before_any_work(call: Run, alone: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.pdf"
    done = call("report", "remission", "--pdf", out)
    assert (done.code, done.out) == (2, "")
    assert "Install Chromium" in done.err
    assert not out.exists()


def test_a_pdf_is_called_one_and_lies_in_no_bundle(call: Run, alone: Path, tmp_path: Path) -> None:
    program(alone, "chromium")
    bundle = full_bundle(tmp_path / "bundle")
    for out, said in ((tmp_path / "r.html", "written as .pdf"), (bundle / "r.pdf", "lies here")):
        done = call("report", bundle, "--pdf", out)
        assert done.code == 2
        assert said in done.err


@pytest.fixture
def chromium() -> None:
    try:
        pdf.browser()
    except MissingExtraError:
        if os.environ.get("CI") == "true":
            pytest.fail("needs chromium")
        pytest.skip("needs chromium, which Debian's package of that name brings")


@pytest.mark.slow
@pytest.mark.usefixtures("chromium")
def test_a_report_is_printed_with_all_its_sections(call: Run, tmp_path: Path) -> None:
    out, page = tmp_path / "r.pdf", tmp_path / "r.html"
    done = call("report", "remission", "--pdf", out, "--out", page, "--format", "json")
    assert done.code == 0
    assert done.json["files"] == [str(page), str(out)]
    printed = out.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert page_count(printed) >= 10
    text = text_of(printed)
    for words in ("Verdict", "Patients", "Performance", "TRIPOD+AI", "PROBAST+AI", "Reproduce"):
        assert words in text
    assert "Ademonstrationon500simulatedpatients" in text


@pytest.mark.slow
@pytest.mark.usefixtures("chromium")
def test_one_patient_is_one_sheet(call: Run, tmp_path: Path) -> None:
    patient, out = tmp_path / "p.json", tmp_path / "p.pdf"
    patient.write_text(json.dumps(FULL))
    bundle = full_bundle(tmp_path / "bundle")
    done = call("predict", patient, "--model", bundle, "--report", out, "--format", "json")
    assert done.code == 0
    assert page_count(out.read_bytes()) == 1
    text = text_of(out.read_bytes())
    assert f"Remission,6months:{done.json['probability']:.0%}" in text
    assert "nottheeffectofatreatment" in text
