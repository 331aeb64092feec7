"""Plays a pooled fit for the tests: every centre answers every round, all files are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from predictor.workflow.combine import next_round, start_fit
from predictor.workflow.exchange import write_sealed
from predictor.workflow.shared_answer import answer
from predictor.workflow.shared_bundle import Finished
from predictor.workflow.shared_round import Folds, Round, read_round


@dataclass
class Played:
    """What was exchanged.

    Parameters
    ----------
    study, folder
        Configuration, and where all files lie.
    data
        Rows of each centre.
    rounds, answers
        Files, in order.
    finished
        The bundle and its figures.
    """

    study: Path
    folder: Path
    data: Mapping[str, pd.DataFrame]
    rounds: list[Path] = field(default_factory=list)
    answers: list[list[Path]] = field(default_factory=list)
    finished: Finished | None = None

    @property
    def done(self) -> Finished:
        assert self.finished is not None
        return self.finished

    @property
    def last(self) -> Round:
        """The round of figures."""
        return read_round(self.rounds[-1])


def play(study: Path, data: Mapping[str, pd.DataFrame], folder: Path, by: Folds) -> Played:
    """From the first round to the bundle."""
    played = Played(study, folder, data)
    place = folder / "round_0.json"
    start_fit(study, place, by)
    while True:
        played.rounds.append(place)
        number = len(played.rounds) - 1
        answers = []
        for name, rows in data.items():
            told = folder / f"{name}_{number}.json"
            write_sealed(told, answer(study, rows, place, name=name))
            answers.append(told)
        played.answers.append(answers)
        if read_round(place).stage == "figures":
            found = next_round(answers, place, folder / "bundle")
            assert isinstance(found, Finished)
            played.finished = found
            return played
        place = folder / f"round_{number + 1}.json"
        next_round(answers, played.rounds[-1], place)
