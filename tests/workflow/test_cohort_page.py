"""docs/published-cohort.md prints what the commands print, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path

from cohort_page import PAGE, with_transcripts

from predictor.cohort.published import simulate
from predictor.cohort.published_figures import borrowed_correlations
from predictor.config import CohortSource
from predictor.documents import load_yaml


def test_every_transcript_of_the_page_is_what_its_command_prints(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    printed = with_transcripts(page, tmp_path)
    assert page == printed, "run: python tests/workflow/cohort_page.py"


def test_the_examples_of_the_page_are_right(tmp_path: Path) -> None:
    config, scenario = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "mine.yaml"
    path.write_text(config, encoding="utf-8")
    source = CohortSource.model_validate(load_yaml(path).data["cohort"])
    assert source.published is not None
    path.write_text(scenario, encoding="utf-8")
    assert simulate(40, seed=1, scenario=path).true_auroc["remission"] > 0.5


def test_no_correlation_of_age_is_borrowed() -> None:
    assert not [pair for pair in borrowed_correlations() if "age" in pair]
