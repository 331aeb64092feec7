"""docs/beyond.md: the whole walk, run as a reader would in an empty folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from command_lines import blocks
from mlflow_service import free_port
from needed import absent
from transcripts import in_one_shell, shown_in

PAGE = Path(__file__).resolve().parents[2] / "docs" / "beyond.md"

REFUSED = "predictor promote runs/low_updated "
"""The one command that ends with 2, as the page says."""


def files_of(page: str) -> dict[str, str]:
    """Files that a reader copies: blocks whose first line is a comment with the name."""
    found = {}
    for block in blocks(page, "yaml", "python"):
        name = re.match(r"# (\S+\.\w+)\n", block)
        assert name is not None, block
        found[name[1]] = block
    return found


def test_the_page_names_every_file_that_its_commands_read() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = {"test.yaml", "training.csv", "test.csv", "there.csv", "fresh.csv", "monitored.html"}
    given = {"gse65391_visits.csv", *files_of(page), *made}
    commands = [shown.command for shown in shown_in(blocks(page, "console"))]
    named = {
        word
        for command in commands
        for word in command.split()
        if re.fullmatch(r"\w+\.(csv|yaml|py|html)", word)
    }
    assert named <= given
    assert {"validate", "update", "monitor", "promote", "predict", "serve"} <= {
        command.split()[1] for command in commands if command.startswith("predictor ")
    }


@pytest.mark.slow
def test_the_walk_prints_what_the_page_shows(shared: Path, tmp_path: Path) -> None:
    """Trained, validated, updated, watched, registered, served; broken, found and mended."""
    for program in ("bash", "curl", "sed"):
        if shutil.which(program) is None:
            absent(program)
    page = PAGE.read_text(encoding="utf-8")
    folder, scratch = tmp_path / "walk", tmp_path / "scratch"
    folder.mkdir()
    for name, content in files_of(page).items():
        (folder / name).write_text(content, encoding="utf-8")
    shutil.copy(shared / "data" / "gse65391_visits.csv", folder)
    shown = shown_in(blocks(page, "console"))
    port = str(free_port())  # the page has the usual one, which may be taken here
    commands = [one.command.replace("8000", port) for one in shown]
    came = in_one_shell(commands, folder, scratch, seconds=3600)
    assert len(came) == len(shown)
    codes = {one.command: was.code for one, was in zip(shown, came, strict=True) if was.code}
    assert [command for command in codes if command.startswith(REFUSED)] == list(codes)
    assert list(codes.values()) == [2]
    lacking = {
        one.command: {"not printed": line, "printed": was.lines}
        for one, was in zip(shown, came, strict=True)
        if (line := was.lacks(one.lines)) is not None
    }
    assert not lacking
