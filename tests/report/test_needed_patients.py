"""How many patients were needed: at what was assumed, and at what was found."""

from __future__ import annotations

from typing import Any

import pytest

from predictor.report.contents.needed_patients import (
    at_found,
    flexible_line,
    found_line,
    needed_table,
    r2_from_log_loss,
)
from predictor.validation.samplesize import for_training


def described(model: float = 0.667) -> dict[str, Any]:
    """86 patients with 41 events and 10 parameters, out of fold a little better than nothing."""
    return {
        "model": {"kind": "linear", "label": "Ridge logistic"},
        "validation": {
            "sample_size": for_training(41 / 86, 10).to_dict(),
            "models": [
                {"name": "prevalence", "chosen": False, "log_loss": 0.692},
                {"name": "ridge", "chosen": True, "log_loss": model},
            ],
        },
    }


def test_the_number_at_what_was_found_is_that_of_the_criterion_of_shrinkage() -> None:
    found = at_found(described())
    assert found is not None
    assert found.needed is not None
    # 10 parameters / ((0.9 - 1) ln(1 - R2 / 0.9)), R2 = 1 - exp(-2 (0.692 - 0.667))
    assert found.r2 == pytest.approx(0.0488, abs=1e-4)
    assert found.needed.n == pytest.approx(1794, abs=2)
    assert "1,79" in (found_line(described()) or "")


def test_a_model_that_explains_nothing_is_told_no_number() -> None:
    assert (found_line(described(model=0.70)) or "").startswith("Out of fold the model explains")
    assert r2_from_log_loss(0.7, 0.7) == 0.0


def test_the_table_has_the_three_criteria_twice() -> None:
    table = needed_table(described())
    assert table is not None
    assert [row["assumed"] for row in table.rows] == [750, 247, 384, 750]
    assert table.rows[0]["found"] == table.rows[3]["found"]
    assert "15% of the largest R-squared" in table.columns[1].label


def test_a_flexible_model_is_said_to_need_more() -> None:
    forest = described() | {"model": {"kind": "estimator", "label": "Random forest"}}
    assert "such as random forest, needs several times more" in (flexible_line(forest) or "")
    assert flexible_line(described()) is None


def test_an_older_bundle_has_neither() -> None:
    assert found_line({"model": {}}) is None
    assert needed_table({"model": {}}) is None
