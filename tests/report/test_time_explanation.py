"""What moves the hazard, as the page shows it."""

from __future__ import annotations

from typing import Any

from made_time_source import time_source

from predictor.report.contents.time_explanation import time_explanation
from predictor.report.document import Block, Figure, Paragraph, blocks_of


def blocks(rows: list[dict[str, Any]] | None) -> list[Block]:
    findings = {} if rows is None else {"time_importance": rows}
    return list(blocks_of([time_explanation(time_source(findings=findings))]))


def test_the_longest_bar_is_named_with_its_unit() -> None:
    rows = [
        {"variable": "c3", "label": "Complement C3", "mean_absolute_shap": 0.4},
        {"variable": "c4", "label": "Complement C4", "mean_absolute_shap": 0.1},
    ]
    (figure,) = [block for block in blocks(rows) if isinstance(block, Figure)]
    assert "Longest bar: Complement C3 (mg/dL) (0.40)." in figure.alternative
    assert [row["value"] for row in figure.tables[0].rows] == [0.4, 0.1]


def test_where_nothing_moves_the_hazard_that_is_said() -> None:
    rows = [{"variable": "c3", "label": "Complement C3", "mean_absolute_shap": 0.0}]
    found = blocks(rows)
    assert not [block for block in found if isinstance(block, Figure)]
    assert any(isinstance(block, Paragraph) and "Nothing moves it" in block.text for block in found)
    assert not [block for block in blocks([]) if isinstance(block, Figure)]


def test_a_bundle_without_findings_says_what_is_absent() -> None:
    told = " ".join(block.text for block in blocks(None) if isinstance(block, Paragraph))
    assert "how much each variable moves the hazard" in told


def test_a_sum_of_what_competes_is_named_where_there_is_one() -> None:
    source = time_source()
    assert "a sum of its own" not in str(time_explanation(source))
    source.manifest["model"]["setting"]["penalty_competing"] = 1.0
    assert "a sum of its own" in str(time_explanation(source))
