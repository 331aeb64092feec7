"""The page of an order in a real Chromium: on a phone nothing runs over and no word is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import chromium
from made_candidates import PRICES, Made, listed

from predictor.clinic.candidate_list import CandidateList
from predictor.report.candidates_html import candidates_html

pytestmark = pytest.mark.slow

# Of each word in the cells, on how many lines it stands; a patient's code may be on several.
LINES_OF_WORDS = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll("thead th, tbody th, tbody td")) {
    if (cell.closest(".bar") || !cell.offsetWidth) continue;
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      for (const word of walk.currentNode.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(walk.currentNode, word.index);
        range.setEnd(walk.currentNode, word.index + word[0].length);
        const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
        if (tops.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def order(label: str = "remission") -> CandidateList:
    patients = [
        Made(f"P{n:03}", (n + 1) / 50, n / 60, (n + 9) / 60, imputed=("crp", "c4"))
        for n in range(40)
    ]
    found = listed(patients, prices=PRICES, threshold=0.3, budget=1_500_000.0)
    outcome = {**found.bundle.manifest["outcome"], "label": label}
    other = replace(found.bundle, manifest={**found.bundle.manifest, "outcome": outcome})
    return replace(found, bundle=other)


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
@pytest.mark.parametrize("label", ["remission", "low disease activity"])
def test_nothing_runs_over_and_no_word_is_broken(
    browser: Any, tmp_path: Path, label: str, width: int
) -> None:
    path = tmp_path / "order.html"
    path.write_text(candidates_html(order(label)), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(LINES_OF_WORDS) == []
    page.close()


def test_a_long_code_of_a_patient_is_folded(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "order.html"
    found = listed([Made("P" * 200, 0.5, 0.3, 0.7), Made("B", 0.4, 0.2, 0.6)], prices=PRICES)
    path.write_text(candidates_html(found), encoding="utf-8")
    page = browser.new_page(viewport={"width": 320, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.close()
