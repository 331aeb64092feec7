"""A coordinator who makes up a round: what a centre would have told, and that it tells nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_centres import centre, write_study

from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.shared_newton import Climb, derivatives
from predictor.workflow.combine import next_round, start_fit
from predictor.workflow.exchange import ExchangeError, write_sealed
from predictor.workflow.shared_answer import answer
from predictor.workflow.shared_round import Fit, Round, read_round


@pytest.fixture(scope="module")
def rows() -> dict[str, pd.DataFrame]:
    found = {name: centre(200 + 60 * i, i, shift=0.3 * i) for i, name in enumerate(("a", "b"))}
    for table in found.values():
        table["platelets"] = table["platelets"].round()
    return found


@pytest.fixture(scope="module")
def begun(rows: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun")
    study = write_study(folder)
    start_fit(study, folder / "round_0.json", "centres")
    told = []
    for name, table in rows.items():
        told.append(folder / f"{name}.json")
        write_sealed(told[-1], answer(study, table, folder / "round_0.json", name=name))
    next_round(told, folder / "round_0.json", folder / "round_1.json")
    return folder


def asked_of(begun: Path, to: Path, made_up: Round, table: pd.DataFrame) -> object:
    write_sealed(to / "made_up.json", made_up.sealed())
    return answer(begun / "study.yaml", table, to / "made_up.json", name="b")


def with_columns(asked: Round, *extra: DesignColumn) -> Round:
    """The fit to everybody, with columns of the coordinator's own before the others."""
    honest = asked.preparations[()]
    made_up = replace(
        honest,
        columns=(*extra, *honest.columns),
        centre=np.append(np.zeros(len(extra)), honest.centre),
        scale=np.append(np.ones(len(extra)), honest.scale),
    )
    fit = Fit((), 1.0, Climb(np.zeros(1 + len(made_up.columns))))
    return replace(asked, preparations={(): made_up}, fits=(fit,))


def test_a_column_that_is_one_patient(
    begun: Path, rows: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    asked, table = read_round(begun / "round_1.json"), rows["b"]
    names = asked.preparations[()].names
    largest = int(table["platelets"].max())
    column = DesignColumn("one", names.index("platelets"), state=largest)
    made_up = with_columns(asked, column)
    # What it would have told: the outcome of the one patient, in a gradient of a column of its own.
    who = table["platelets"].to_numpy() == largest
    outcome = np.asarray(table["response"] == "remission", dtype=float)
    alone = derivatives(who[:, None].astype(float), outcome, np.zeros(2))
    assert who.sum() == 1
    assert abs(alone.gradient[1]) == pytest.approx(0.5)
    with pytest.raises(ExchangeError, match="nothing is told") as found:
        asked_of(begun, tmp_path, made_up, table)
    (reason,) = found.value.reasons
    assert "columns are not those of the study" in reason.message
    assert str(largest) not in str(found.value)


def test_an_indicator_that_nobody_agreed_on(
    begun: Path, rows: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    asked = read_round(begun / "round_1.json")
    j = asked.preparations[()].names.index("c3")
    made_up = with_columns(asked, DesignColumn("c3 missing", j, missing=True))
    with pytest.raises(ExchangeError, match=r"indicators of `preparation\.missing_indicators`"):
        asked_of(begun, tmp_path, made_up, rows["b"])


def test_another_mean_for_the_missing(
    begun: Path, rows: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    asked = read_round(begun / "round_1.json")

    def moved(honest: Preparation) -> Preparation:
        return replace(honest, fill=honest.fill + np.array([1e6, 0.0, 0.0, 0.0, 0.0]))

    made_up = replace(asked, preparations={k: moved(p) for k, p in asked.preparations.items()})
    with pytest.raises(ExchangeError, match="missing `c3` is not the mean") as found:
        asked_of(begun, tmp_path, made_up, rows["b"])
    assert [reason.where for reason in found.value.reasons] == [
        "preparation",
        "preparation without fold 0",
        "preparation without fold 1",
    ]


@pytest.mark.parametrize("change", ["penalty", "twice", "folds"])
def test_fits_that_the_study_does_not_make(
    change: str, begun: Path, rows: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    asked = read_round(begun / "round_1.json")
    first = asked.fits[0]
    fits = {
        "penalty": (replace(first, penalty=3.0),),
        "twice": (first, first),
        "folds": (replace(first, left_out=(0, 1)),),
    }[change]
    preparations = {**asked.preparations, (0, 1): asked.preparations[()]}
    made_up = replace(asked, fits=fits, preparations=preparations)
    with pytest.raises(ExchangeError, match="fits: a fit leaves out other folds"):
        asked_of(begun, tmp_path, made_up, rows["b"])


def test_the_round_as_it_was_sent_is_answered(begun: Path, rows: dict[str, pd.DataFrame]) -> None:
    told = answer(begun / "study.yaml", rows["b"], begun / "round_1.json", name="b")
    assert len(told["fits"]) == 9
