"""Reports say things in the words of the field; phrases that readers stumbled over stay out."""

from __future__ import annotations

from pathlib import Path

import pytest

STUMBLED = (
    "share of false alarms",
    "gone on without",
    "is let pass",
    "on the other side: ",
    "So wide, on average",
    "Values with so many points",
    "distance between them is optimism",
    "For the bedside",
)


@pytest.mark.parametrize("phrase", STUMBLED)
def test_no_sentence_of_a_report_has_a_phrase_that_readers_stumbled_over(
    root: Path, phrase: str
) -> None:
    folder = root / "predictor" / "report"
    files = [*folder.rglob("*.py"), *folder.rglob("*.j2")]
    assert files
    having = [str(path.relative_to(root)) for path in files if phrase in path.read_text("utf-8")]
    assert having == []
