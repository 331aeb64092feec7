"""What one would write without this package: GridSearchCV inside cross_validate.

Candidates, grids and numbers of folds are those of a shipped study. Nothing is checked, explained,
bundled or recorded. scikit-learn has no Firth regression, so an unpenalised one stands in for it.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any


def main() -> None:
    """Compare the candidates and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("study")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workers", type=int, required=True)
    given = parser.parse_args()
    warnings.simplefilter("ignore")

    import pandas as pd
    from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold, cross_validate

    from predictor.study import load_study

    config = load_study(given.study).config
    columns = [config.cohort.columns.get(name, name) for name in config.predictors]
    table = pd.read_csv(given.data)
    outcome = table[config.question.outcome].isin(config.question.event).astype(int)
    alone = config.cohort.columns.get(config.baseline, config.baseline)
    plan = config.validation
    outer = RepeatedStratifiedKFold(
        n_splits=plan.folds, n_repeats=plan.repeats, random_state=plan.seed
    )
    found = {}
    for name, (pipeline, grid) in candidates(config).items():
        model = pipeline
        if grid:
            model = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=plan.inner_folds)
        scores = cross_validate(
            model,
            table[[alone]] if name == "one_predictor" else table[columns],
            outcome,
            cv=outer,
            scoring=("roc_auc", "neg_log_loss"),
            n_jobs=given.workers,
        )
        found[name] = {
            "auroc": float(scores["test_roc_auc"].mean()),
            "log_loss": float(-scores["test_neg_log_loss"].mean()),
            "seconds": float(scores["fit_time"].sum()),
        }
    print(json.dumps(found))


def candidates(config: Any) -> dict[str, tuple[Any, dict[str, list[Any]]]]:
    """Pipeline and grid of each candidate."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    def pipeline(estimator: Any, *, scaled: bool) -> Any:
        steps = [SimpleImputer(strategy="median"), *([StandardScaler()] if scaled else [])]
        words = make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(drop="first", sparse_output=False),
        )
        prepare = make_column_transformer(
            (make_pipeline(*steps), make_column_selector(dtype_include="number")),
            (words, make_column_selector(dtype_exclude="number")),
        )
        return make_pipeline(prepare, estimator)

    plain = LogisticRegression(C=float("inf"), max_iter=1000)
    models = config.models
    found: dict[str, tuple[Any, dict[str, list[Any]]]] = {
        "prevalence": (pipeline(DummyClassifier(strategy="prior"), scaled=True), {}),
        "one_predictor": (pipeline(plain, scaled=True), {}),
        "firth": (pipeline(plain, scaled=True), {}),
    }
    if models.ridge:
        grid = {"logisticregression__C": [1 / penalty for penalty in models.ridge.penalty]}
        found["ridge"] = (pipeline(LogisticRegression(max_iter=1000), scaled=True), grid)
    if models.elastic_net:
        grid = {
            "logisticregression__C": [1 / penalty for penalty in models.elastic_net.penalty],
            "logisticregression__l1_ratio": list(models.elastic_net.l1_share),
        }
        net = LogisticRegression(solver="saga", l1_ratio=0.5, max_iter=5000)
        found["elastic_net"] = (pipeline(net, scaled=True), grid)
    if models.random_forest:
        forest = RandomForestClassifier(models.random_forest.trees, random_state=1)
        leaves = list(models.random_forest.min_samples_leaf)
        grid = {"randomforestclassifier__min_samples_leaf": leaves}
        found["random_forest"] = (pipeline(forest, scaled=False), grid)
    if models.hist_gradient_boosting:
        part = models.hist_gradient_boosting
        boosting = HistGradientBoostingClassifier(
            early_stopping=False, min_samples_leaf=part.min_samples_leaf, random_state=1
        )
        grid = {
            "histgradientboostingclassifier__max_leaf_nodes": list(part.max_leaf_nodes),
            "histgradientboostingclassifier__max_iter": list(part.trees),
            "histgradientboostingclassifier__learning_rate": list(part.learning_rate),
        }
        found["hist_gradient_boosting"] = (pipeline(boosting, scaled=False), grid)
    return found


if __name__ == "__main__":
    main()
