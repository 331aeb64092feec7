"""The sheet of an evaluation: the same bytes every time, every word on it and apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawn_figures import assert_clear, drawn, words

from predictor.performance.discrimination import auroc
from predictor.report.evaluation_figures import _roc, evaluation_figure
from predictor.workflow.evaluate import evaluate_file

AWFUL = (r"$\frac{a}{b}$ x_1^2 " * 4, "漢字 <b>old</b> 😀\n\u202eturned " + "W" * 60)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def made_up(n: int = 80, **more: object) -> pd.DataFrame:
    generator = np.random.default_rng(6)
    p = generator.uniform(0.02, 0.98, n)
    y = (generator.uniform(size=n) < p).astype(int)
    return pd.DataFrame({"y": y, "p": p, "q": generator.uniform(size=n), **more})


def cases() -> dict[str, tuple[pd.DataFrame, dict[str, Any]]]:
    first, second = AWFUL
    n = 40
    half = [0, 1] * (n // 2)
    return {
        "one model": (made_up(), {}),
        "two models": (made_up(), {"compare": "q"}),
        "awful names": (
            made_up().rename(columns={"p": first, "q": second}),
            {"probability": first, "compare": second},
        ),
        "two rows": (pd.DataFrame({"y": [0, 1], "p": [0.2, 0.3]}), {}),
        "equal": (pd.DataFrame({"y": half, "p": [0.3] * n}), {}),
        "zeros": (pd.DataFrame({"y": half, "p": [0.0] * n}), {}),
        "certain": (pd.DataFrame({"y": half, "p": [float(y) for y in half]}), {}),
        "reversed": (pd.DataFrame({"y": half, "p": [1.0 - y for y in half]}), {}),
        "rare": (
            pd.DataFrame({"y": [1] + [0] * 999, "p": np.linspace(0.001, 0.01, 1000)}),
            {},
        ),
        "tiny": (pd.DataFrame({"y": half, "p": np.linspace(1e-9, 2e-9, n)}), {}),
        "simulated": (made_up(simulated=1), {}),
    }


@pytest.mark.parametrize("name", list(cases()))
def test_every_word_is_on_the_sheet_and_apart(name: str) -> None:
    data, options = cases()[name]
    evaluated = evaluate_file(data, outcome="y", **{"probability": "p", **options})
    figure = drawn(evaluation_figure, evaluated)
    assert_clear(figure)
    assert "$\\frac" not in words(figure) or name == "awful names"
    assert ("Simulated patients." in words(figure)) == (name == "simulated")


def test_the_same_predictions_give_the_same_bytes() -> None:
    evaluated = evaluate_file(made_up(), outcome="y", probability="p", compare="q")
    assert evaluation_figure(evaluated) == evaluation_figure(evaluated)


def test_the_sheet_says_how_many_rows_and_the_auroc_with_its_interval() -> None:
    evaluated = evaluate_file(made_up(), outcome="y", probability="p")
    area = evaluated.evaluation.auroc
    assert area is not None
    shown = words(drawn(evaluation_figure, evaluated)).replace("\u00a0", " ")
    assert f"80 rows, {evaluated.evaluation.events} with the event" in shown
    assert f"AUROC {area.value:.2f} ({area.low:.2f} to {area.high:.2f})" in shown


def test_the_area_under_the_drawn_curve_is_the_auroc() -> None:
    generator = np.random.default_rng(9)
    for digits in (1, 6):  # with ties and without
        y = generator.integers(0, 2, 70).astype(float)
        p = generator.uniform(size=70).round(digits)
        across, up = _roc(y, p)
        assert np.trapezoid(up, across) == pytest.approx(auroc(y, p), abs=1e-12)
