"""The transcripts and the picture of docs/candidates.md, made by running their commands.

``python tests/candidates_page.py`` rewrites them; a test tells when that is due.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "candidates.md"
PICTURE = ROOT / "docs" / "images" / "candidates.png"

_BLOCK = re.compile(r"^```console\n\$ predictor (.*?)\n.*?^```\n", re.MULTILINE | re.DOTALL)


def with_transcripts(page: str, folder: Path) -> str:
    """The page with what its commands print, run in a folder one after the other."""

    def transcript(block: re.Match[str]) -> str:
        printed = run(block[1], folder)
        if block[1].startswith("simulate "):  # what follows is about the paper
            printed = printed.splitlines()[0] + "\n"
        return f"```console\n$ predictor {block[1]}\n{printed}```\n"

    return _BLOCK.sub(transcript, page)


def run(command: str, folder: Path) -> str:
    """What a command prints in a folder."""
    finished = subprocess.run(
        [sys.executable, "-m", "predictor", *shlex.split(command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        text = with_transcripts(PAGE.read_text(encoding="utf-8"), Path(scratch))
        PAGE.write_text(text, encoding="utf-8")
        (shown,) = (c for c in _BLOCK.findall(text) if c.startswith("candidates "))
        run(f"{shown} --figure candidates.png", Path(scratch))
        PICTURE.write_bytes((Path(scratch) / "candidates.png").read_bytes())
