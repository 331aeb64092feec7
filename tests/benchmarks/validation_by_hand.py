"""What one would write without this package: GridSearchCV on every bootstrap resample.

The same plan, imputation and scaling learned inside, all copies of a patient in one inner fold.
Only AUROC and Brier score are computed, in the resample, on the cohort and out of bag.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from validation_cohorts import Made, load


def main() -> None:
    """Validate by hand and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--resamples", type=int, required=True)
    parser.add_argument("--penalties", type=float, nargs="+", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    made = load(given.cohort)
    seeds = np.random.SeedSequence(given.seed).generate_state(given.resamples)
    start, before = time.perf_counter(), time.process_time()
    parallel = Parallel(n_jobs=given.workers)
    rows = parallel(delayed(resample)(made, given.penalties, int(seed)) for seed in seeds)
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    figures = np.array(rows)
    boot, test, oob = np.nanmean(figures[:, :3], axis=0)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu if given.workers == 1 else None,
                "optimism": float(boot - test),
                "out_of_bag": float(oob),
                "penalty": float(np.exp(np.log(figures[:, 6]).mean())),
            }
        )
    )


def resample(made: Made, penalties: list[float], seed: int) -> list[float]:
    """AUROC in the resample, on the cohort and out of bag, the same for Brier, the penalty."""
    warnings.simplefilter("ignore")
    drawn = np.random.default_rng(seed).integers(len(made.outcome), size=len(made.outcome))
    outcome = made.outcome[drawn]
    search = tuned(penalties, seed).fit(made.values[drawn], outcome, groups=drawn)
    probability = search.predict_proba(made.values)[:, 1]
    left_out = np.setdiff1d(np.arange(len(made.outcome)), drawn)
    figures: list[float] = []
    for metric in (roc_auc_score, brier_score_loss):
        for rows in (drawn, slice(None), left_out):
            both = len(np.unique(made.outcome[rows])) == 2
            figures.append(metric(made.outcome[rows], probability[rows]) if both else np.nan)
    return [*figures, 1 / search.best_params_["model__C"]]


def tuned(penalties: list[float], seed: int) -> Any:
    """Median, standardisation and ridge, the penalty chosen over five inner folds."""
    steps = [
        ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
        ("scale", StandardScaler()),
        ("model", LogisticRegression(solver="lbfgs", max_iter=1000)),
    ]
    # Copies of a patient stay together, or the smallest penalty always wins.
    inner = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    grid = {"model__C": [1 / penalty for penalty in penalties]}
    return GridSearchCV(Pipeline(steps), grid, scoring="neg_log_loss", cv=inner)


if __name__ == "__main__":
    main()
