"""Linear classifiers: scikit-learn's own checks, R's numbers and laws."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from predictor.learning.estimators import FirthLogistic, Prevalence, RidgeLogistic


@parametrize_with_checks(
    [
        RidgeLogistic(),
        RidgeLogistic(penalty=0.01),
        FirthLogistic(),
        FirthLogistic(intercept_correction="none"),
        Prevalence(),
    ]
)
def test_scikit_learn_accepts_the_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
