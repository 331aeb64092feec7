"""A small linear bundle made by hand from the shipped dictionary, of made-up numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from predictor.clinical.dictionary import load_dictionary
from predictor.fitted.bundle import save_bundle
from predictor.fitted.models import LinearModel
from predictor.fitted.moments import Moments
from predictor.fitted.preparation import DesignColumn, Preparation, Values
from predictor.fitted.replicates import Replicates

PREDICTORS = {  # round numbers: fill-in value, scale, coefficient
    "age": (14.0, 3.0, 0.1),
    "sex": (0.0, 0.4, -0.1),
    "sledai_2k": (10.0, 4.0, -0.3),
    "c3": (80.0, 30.0, 0.2),
    "c4": (12.0, 8.0, 0.1),
    "esr": (40.0, 25.0, -0.2),
    "wbc": (6.0, 3.0, 0.1),
    "platelets": (250.0, 90.0, 0.1),
    "creatinine": (0.6, 0.2, -0.1),
    "albumin": (3.8, 0.6, 0.3),
}


def write_bundle(folder: Path, *, uncertain: bool = False) -> Path:
    """A bundle as ``predictor train sle_low_disease_activity`` writes it, of made-up numbers.

    ``uncertain``: with the moments and replicates that intervals, draws and distances come from.
    """
    dictionary = load_dictionary().variables
    numbers = np.array(list(PREDICTORS.values()))
    columns = tuple(
        DesignColumn("sex=male" if name == "sex" else name, j, state=1 if name == "sex" else None)
        for j, name in enumerate(PREDICTORS)
    )
    centre = np.where([column.state is None for column in columns], numbers[:, 0], 0.2)
    manifest = {
        "name": "sle-low-disease-activity",
        "outcome": {
            "name": "lda_fu",
            "label": "low disease activity",
            "event": [1],
            "horizon": "3-12 months",
            "population": "nobody: the numbers are made up for a test",
            "time_zero": "index visit",
        },
        "predictors": list(PREDICTORS),
        "prediction": {"most_missing": 0.5},
        "evidence": {
            "level": "demonstration",
            "patients": 0,
            "events": 0,
            "simulated_patients": 0,
            "statement": "Made by hand for a test.",
        },
        "model": {"version": "1"},
        "dictionary": {name: variable.to_dict() for name, variable in dictionary.items()},
    }
    preparation = Preparation(tuple(PREDICTORS), numbers[:, 0], (), columns, centre, numbers[:, 1])
    save_bundle(
        folder,
        manifest,
        preparation,
        LinearModel(-0.2, numbers[:, 2]),
        {},
        moments=_moments(centre, numbers[:, 1]) if uncertain else None,
        replicates=_replicates(columns, numbers[:, 2] / numbers[:, 1]) if uncertain else None,
    )
    return folder


def _moments(centre: Values, spread: Values) -> Moments:
    count = len(centre)
    return Moments(
        centre=centre,
        spread=spread,
        correlation=0.3 + 0.7 * np.eye(count),
        low=np.zeros(count),
        high=np.full(count, np.inf),
        whole=np.array([name == "sex" for name in PREDICTORS]),
        distances=np.linspace(0.5, 2.0, 21),
        cutoff=1.8,
    )


def _replicates(columns: tuple[DesignColumn, ...], slope: Values) -> Replicates:
    rng = np.random.default_rng(1)
    return Replicates(
        intercept=rng.normal(-0.2, 0.3, 200),
        slope=slope * rng.normal(1.0, 0.5, (200, len(slope))),
        variable=np.array([column.variable for column in columns]),
        state=np.array([-1 if column.state is None else column.state for column in columns]),
        missing=np.zeros(len(columns), dtype=bool),
    )
