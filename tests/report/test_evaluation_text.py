"""What a reader of an evaluation sees: sentences that follow the figures, tables that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.performance.evaluation import evaluate
from predictor.report.evaluation_text import evaluation_text
from predictor.report.evaluation_words import sentences, threshold_text
from predictor.validation.evaluated import Evaluated
from predictor.workflow.evaluate import evaluate_file


def frame(n: int = 200, seed: int = 3, **more: object) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    p = generator.uniform(0.05, 0.95, n)
    return pd.DataFrame({"y": (generator.uniform(size=n) < p).astype(int), "p": p, **more})


def evaluated(data: pd.DataFrame, **options: Any) -> Evaluated:
    return evaluate_file(data, outcome="y", probability="p", **options)


def text(found: Evaluated, width: int = 140) -> str:
    return "\n".join(evaluation_text(found, width))


def said(outcome: Sequence[int], probability: Sequence[float]) -> str:
    return " ".join(sentences(evaluate(outcome, probability)))


def shifted(shift: float, slope: float = 1.0, n: int = 4000) -> str:
    """What is said of probabilities whose log-odds are wrong by a shift and a factor."""
    generator = np.random.default_rng(8)
    log_odds = generator.normal(0, 1.5, n)
    outcome = (generator.uniform(size=n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return said(outcome, 1 / (1 + np.exp(-(shift + slope * log_odds))))


def test_every_text_says_for_whom_the_figures_are() -> None:
    shown = text(evaluated(frame()))
    assert "If the model was made, tuned or chosen on these patients, these figures are" in shown
    assert shown.index("these figures are optimistic") < shown.index("AUROC")


def test_the_head_counts_rows_patients_and_those_left_out() -> None:
    data = frame(id=[f"P{i // 2}" for i in range(200)])
    data.loc[:3, "y"] = np.nan
    data.loc[[10], "p"] = np.nan
    shown = text(evaluated(data, patient="id", drop_missing=True))
    head = shown.split("\n\n")[0]
    events = int(data.dropna()["y"].sum())
    assert f"data frame: 195 rows of 98 patients, {events} with the event (" in head
    assert "Left out of 200 rows: 4 without an outcome, 1 without a probability." in head
    assert "Warning: 195 rows come from 98 patients." in head
    assert head.endswith("making it.")


def test_a_row_per_patient_is_called_a_patient() -> None:
    data = frame(id=range(200))
    assert "data frame: 200 patients, " in text(evaluated(data, patient="id"))
    assert "data frame: 200 rows, " in text(evaluated(data))


def test_the_event_and_what_counts_as_none_are_named() -> None:
    data = frame()
    data["y"] = np.where(data["y"] == 1, "Remission", np.where(data["p"] > 0.5, "flare", "lda"))
    found = evaluated(data, event="remission")
    assert "Event: y is remission. No event: " in text(found)
    assert set(found.predictions.other_states) == {"flare", "lda"}


def test_simulated_patients_are_called_so() -> None:
    assert "These patients are simulated" in text(evaluated(frame(simulated=1)))
    assert "simulated" not in text(evaluated(frame()))


@pytest.mark.parametrize(
    ("shift", "slope", "expected"),
    [
        (0.0, 1.0, "no clear sign that the probabilities are too high or too low on average"),
        (0.7, 1.0, "the probabilities are too high on average"),
        (-0.7, 1.0, "the probabilities are too low on average"),
        (0.0, 1.0, "No clear sign that the probabilities are too extreme or too much alike"),
        (0.0, 2.0, "The probabilities are too extreme (slope below 1): the high ones too high"),
        (0.0, 0.5, "The probabilities are too much alike (slope above 1)"),
        (0.0, -1.0, "The higher the probability, the rarer the event: the order is reversed."),
        (0.0, -1.0, "That is less than chance: is the event the one that is meant?"),
    ],
)
def test_the_sentences_follow_what_is_wrong(shift: float, slope: float, expected: str) -> None:
    assert expected in shifted(shift, slope)


def test_the_discrimination_is_told_as_a_share_of_pairs() -> None:
    # Of four pairs three are in order.
    assert said([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).startswith(
        "In 75% of pairs of a patient with the event and one without, the one with it has the "
        "higher probability. "
    )
    assert "(a tie counts as half)" in said([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    assert "which the interval includes" in said([0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.3])
    assert said([0, 1, 0, 1], [0.3] * 4).startswith("Every row has the same probability")
    assert "less than chance" in said([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4])


def test_a_slope_that_may_be_0_is_not_only_too_extreme() -> None:
    generator = np.random.default_rng(4)
    found = said(generator.integers(0, 2, 100), generator.uniform(0.02, 0.98, 100))
    assert "a higher one does not clearly mean more events" in found


@pytest.mark.parametrize(
    ("outcome", "probability", "expected"),
    [
        # One event at 0.3 above one non-event at 0.2: better than both from 21% to 30%.
        ([0, 1], [0.2, 0.3], "at thresholds of 21% to 30%."),
        ([0, 1], [0.2, 0.2], "At no threshold is acting on the probabilities worth more"),
        ([1, 0], [0.0, 1.0], "At no threshold is acting on the probabilities worth more"),
        ([0, 1], [0.0, 1.0], "at thresholds of 1% to 99%."),
    ],
)
def test_where_acting_is_worth_more_is_told_in_ranges(
    outcome: list[int], probability: list[float], expected: str
) -> None:
    assert expected in said(outcome, probability)


def test_ranges_stand_in_order_and_the_shortest_are_left_out() -> None:
    shown = text(evaluated(frame(60, seed=11)))
    sentence = next(line for line in shown.splitlines() if line.startswith("Acting on the prob"))
    starts = [float(part.split("%")[0].split()[-1]) for part in sentence.split(",")[:3]]
    assert starts == sorted(starts)


def test_figures_that_are_not_defined_are_a_dash_and_say_why() -> None:
    data = pd.DataFrame({"y": [0, 1] * 20, "p": [0.3] * 40})
    shown = text(evaluated(data))
    slope = next(line for line in shown.splitlines() if line.startswith("Calibration slope"))
    assert slope.split() == ["Calibration", "slope", "-", "-", "1"]
    assert "[equal_predictions]" in shown
    assert "nan" not in shown.lower()
    assert "none" not in shown.lower().replace("none of", "")


def test_masked_subgroups_show_nothing_and_the_rule_is_told() -> None:
    data = frame(g=["a"] * 100 + ["b"] * 98 + ["c"] * 2)
    shown = text(evaluated(data, by="g"))
    table = shown.split("By g:\n")[1].splitlines()
    assert [line.split() for line in table[3:5]] == [[x, "masked", "masked"] for x in "bc"]
    assert table[2].startswith("a ")
    assert "Masked: subgroups with fewer than 5 patients, events or non-events" in shown
    assert "Masked" not in text(evaluated(data, by="g", cell_size=0))


def test_subgroups_that_are_too_small_say_so() -> None:
    data = frame(g=["a"] * 180 + ["b"] * 20)
    shown = text(evaluated(data, by="g", cell_size=2))
    assert "Fewer than 100 events or non-events, so that the intervals matter most: a." in shown
    assert "Fewer than 10 events or non-events, so that nothing can be relied on: b." in shown


def test_two_models_stand_side_by_side_with_their_difference() -> None:
    data = frame(q=np.random.default_rng(1).uniform(0.05, 0.95, 200))
    shown = text(evaluated(data, compare="q", thresholds=(0.4,)))
    assert "p less q, paired by row:" in shown
    row = next(line for line in shown.splitlines() if line.startswith("Net benefit at 40%"))
    first, second, difference = (float(x) for x in row.split()[4:7])
    assert first - second == pytest.approx(difference, abs=0.0011)
    assert "p is the better where the difference of AUROC or net benefit is above 0" in shown


AWKWARD = st.text(min_size=1, max_size=60).filter(lambda name: name.strip())


@settings(max_examples=25)
@given(st.sampled_from([60, 80, 100, 140]), AWKWARD, st.lists(AWKWARD, min_size=3, max_size=3))
def test_tables_fit_and_names_of_a_file_disturb_nothing(
    width: int, name: str, groups: list[str]
) -> None:
    data = frame(90, q=np.linspace(0.1, 0.9, 90), g=[x for x in groups for _ in range(30)])
    data = data.rename(columns={"q": name}) if name not in data else data
    compare = name if name in data and name not in ("y", "p", "g") else "q"
    found = evaluated(data, by="g", compare=compare, cell_size=0)
    for part in evaluation_text(found, width):
        lines = part.split("\n")
        assert all(line.isprintable() for line in lines)
        if len(lines) > 1 and width >= 80:
            assert all(len(line) <= width for line in lines), part


def test_thresholds_are_percentages() -> None:
    assert [threshold_text(x) for x in (0.5, 0.005, 0.123456)] == ["50%", "0.5%", "12.35%"]
