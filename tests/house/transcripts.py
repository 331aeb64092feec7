"""Commands of a text, run as a reader would, and what they print beside what the text shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = "[..."
_PROMPT = "$ "
_MARK = "=== exit code"


def comparable(line: str) -> str:
    """A line without its spacing, and without the digest, which depends on the last bit."""
    return re.sub(r"sha256:\w+", "sha256", " ".join(line.replace("─", "").split()))


def printed_lines(command: str, folder: Path) -> set[str]:
    """What one ``$ predictor ...`` prints in a folder, line by line."""
    words = command.removeprefix("$ predictor ").split()
    finished = subprocess.run(
        [sys.executable, "-m", "predictor", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": ""},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert finished.returncode in (0, 1), finished.stderr
    return {comparable(line) for line in (finished.stdout + finished.stderr).splitlines()}


@dataclass(frozen=True)
class Shown:
    """One command of a page.

    Parameters
    ----------
    command
        As a reader types it.
    lines
        What the page shows below it, comparable; lines left out are not among them.
    """

    command: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Came:
    """What became of a command: its exit code, and the comparable lines of both streams."""

    code: int
    lines: tuple[str, ...]

    def lacks(self, shown: Sequence[str]) -> str | None:
        """First of the shown lines that was not printed after the one before it."""
        printed = iter(self.lines)
        return next((line for line in shown if line not in printed), None)


def shown_in(blocks: Sequence[str]) -> list[Shown]:
    """Commands of console blocks, in order."""
    found: list[tuple[str, list[str]]] = []
    for block in blocks:
        for line in block.splitlines():
            if line.startswith(_PROMPT):
                found.append((line.removeprefix(_PROMPT), []))
            elif comparable(line) and not line.startswith(LEFT_OUT):
                found[-1][1].append(comparable(line))
    return [Shown(command, tuple(lines)) for command, lines in found]


def in_one_shell(
    commands: Sequence[str], folder: Path, scratch: Path, *, seconds: int
) -> list[Came]:
    """Run commands literally, one after the other, in one bash that has ``predictor``.

    Parameters
    ----------
    commands
        As a reader types them; one may end in ``&``.
    folder
        Where the shell stands.
    scratch
        Another folder, for what the shell needs: the program and its copies of models.
    seconds
        All of them together may take so long.
    """
    programs = scratch / "bin"
    programs.mkdir(parents=True)
    for name, words in (("predictor", "-m predictor "), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
        (programs / name).chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    lines = [f"{command}\nprintf '\\n{_MARK} %d\\n' $?" for command in commands]
    log = scratch / "printed.txt"
    with log.open("w") as printed:
        shell = subprocess.Popen(
            ["bash", "-c", "\n".join(lines)],
            cwd=folder,
            env={
                **kept,
                "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
                "PYTHONPATH": str(ROOT),
                "PREDICTOR_CACHE": str(scratch / "cache"),
            },
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            shell.wait(timeout=seconds)
        finally:  # a server that was started, too
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    parts = re.split(rf"^{_MARK} (\d+)\n", log.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        Came(int(code), tuple(comparable(line) for line in text.splitlines()))
        for text, code in zip(parts[:-1:2], parts[1::2], strict=True)
    ]
