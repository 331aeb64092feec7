"""Candidates: which run, in which order, with which settings."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from predictor.config import Config
from predictor.errors import MissingExtraError
from predictor.learning import candidates as module
from predictor.learning.candidates import SIMPLICITY, candidates

EVERY = ["firth", "ridge", "elastic_net", "ebm", "random_forest", "hist_gradient_boosting"]


def config_of(models: dict[str, Any]) -> Config:
    return Config.model_validate(
        {
            "name": "s",
            "question": {"outcome": "o", "event": 1, "horizon": "h", "population": "p"},
            "cohort": {},
            "predictors": ["age", "c3", "c4"],
            "baseline": "c4",
            "models": models,
        }
    )


def test_both_baselines_always_run_and_simple_ones_come_first() -> None:
    assert [c.name for c in candidates(config_of({"ridge": {}}))] == [
        "prevalence",
        "one_predictor",
        "ridge",
    ]
    found = candidates(config_of(dict.fromkeys(reversed(EVERY))))
    assert [c.name for c in found] == list(SIMPLICITY)
    assert [c.rank for c in found] == list(range(8))


def test_the_baseline_uses_its_one_predictor_and_all_others_use_all() -> None:
    found = candidates(config_of(dict.fromkeys(EVERY)))
    assert {c.name: c.predictors for c in found} == {
        name: (2,) if name == "one_predictor" else (0, 1, 2) for name in SIMPLICITY
    }
    assert found[1].label == "c4 alone"


def test_linear_models_are_scaled_and_become_data_and_trees_keep_units() -> None:
    found = {c.name: c for c in candidates(config_of(dict.fromkeys(EVERY)))}
    assert {n: c.kind for n, c in found.items() if not c.scaled} == {
        "ebm": "additive",
        "random_forest": "forest",
        "hist_gradient_boosting": "boosting",
    }


def test_grids_go_from_restrained_to_free_whatever_the_order_in_the_file() -> None:
    found = {
        c.name: c.grid
        for c in candidates(
            config_of(
                {
                    "ridge": {"penalty": [0.1, 10, 1]},
                    "elastic_net": {"penalty": [1, 3], "l1_share": [0.5, 0.9]},
                    "random_forest": {"min_samples_leaf": [1, 5]},
                    "hist_gradient_boosting": {"max_leaf_nodes": [16, 4], "trees": [50, 20]},
                }
            )
        )
    }
    assert found["ridge"] == ({"penalty": 10}, {"penalty": 1}, {"penalty": 0.1})
    assert found["elastic_net"][0] == {"penalty": 3, "l1_share": 0.5}
    assert len(found["elastic_net"]) == 4
    assert found["random_forest"][0] == {"min_samples_leaf": 5}
    assert found["hist_gradient_boosting"][0] == {
        "max_leaf_nodes": 4,
        "max_iter": 20,
        "learning_rate": 0.05,
    }
    assert found["prevalence"] == ({},)


@pytest.mark.parametrize("name", SIMPLICITY)
def test_settings_and_seed_reach_the_estimator(name: str) -> None:
    if name == "ebm":
        pytest.importorskip("interpret")
    plan = {"random_forest": {"trees": 7}, "hist_gradient_boosting": {"min_samples_leaf": 3}}
    found = candidates(config_of({**dict.fromkeys(EVERY), **plan}))
    candidate = next(c for c in found if c.name == name)
    parameters = candidate.build(candidate.grid[0], seed=11).get_params()
    for key, value in {**candidate.fixed, **candidate.grid[0]}.items():
        assert parameters[key] == value
    if candidate.kind:
        assert parameters["random_state"] == 11
    if name == "random_forest":
        assert (parameters["n_estimators"], parameters["n_jobs"]) == (7, 1)
    if name == "hist_gradient_boosting":
        assert parameters["min_samples_leaf"] == 3
        assert parameters["early_stopping"] is False


def test_an_additive_model_that_is_not_installed_is_said_before_any_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.util.find_spec

    def without_interpret(name: str) -> Any:
        return None if name == "interpret" else real(name)

    monkeypatch.setattr(module, "find_spec", without_interpret)
    with pytest.raises(MissingExtraError, match=r"models\.ebm: .*not installed.*predictor\[ebm\]"):
        candidates(config_of({"ridge": {}, "ebm": {}}))
    assert len(candidates(config_of({"ridge": {}}))) == 3
