"""Learning imputation, encoding and scaling; what it learns is a :class:`Preparation`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - makes the next one there
from sklearn.impute import IterativeImputer
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from predictor.clinical.variable import Variable
from predictor.config_parts import Imputation
from predictor.fitted.preparation import DesignColumn, Preparation, Regression

Floats = NDArray[np.float64]

_ROUNDS = 10
IMPUTATIONS: tuple[str, ...] = get_args(Imputation)


class Column(NamedTuple):
    """What the preparer must know of a variable."""

    name: str
    states: tuple[str, ...] = ()
    """States of a nominal variable, whose values are their positions; empty for numbers."""
    low: float | None = None
    high: float | None = None
    """Bounds of an imputed value."""
    binary: bool = False
    """Whether its values are 0 and 1 and nothing between."""


def column_of(variable: Variable) -> Column:
    """Describe a dictionary variable to the preparer."""
    if variable.kind == "nominal":
        return Column(variable.name, variable.states)
    if variable.kind == "binary":
        return Column(variable.name, (), 0.0, 1.0, binary=True)
    plausible = variable.plausible
    return Column(
        variable.name,
        (),
        plausible.low if plausible else None,
        plausible.high if plausible else None,
    )


def parameters(variables: Sequence[Variable], missing_indicators: Sequence[str]) -> int:
    """Candidate parameters of a model: every number, dummy variable and indicator that is offered.

    Parameters
    ----------
    variables
        The predictors.
    missing_indicators
        Those whose missingness becomes a column.
    """
    dummies = sum(len(v.states) - 1 if v.kind == "nominal" else 1 for v in variables)
    return dummies + len(missing_indicators)


class Preparer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """From values with gaps to the columns of a model.

    Parameters
    ----------
    columns : tuple of Column, optional
        The variables; unnamed numbers by default.
    imputation : {"median", "mean", "iterative"}
        Median or mean (most frequent value of yes or no and of a nominal variable), or chained
        Bayesian ridge regressions for numbers (van Buuren,
        Groothuis-Oudshoorn, J Stat Softw 2011;45(3), one imputation).
    missing_indicators : tuple of str
        Variables whose missingness becomes a column.
    scale : bool
        Whether columns are centred and divided by their standard deviation (denominator n - 1, as
        in R, so that a ridge penalty means the same there and here).

    Attributes
    ----------
    preparation_ : Preparation
        What was learned. Columns that do not vary in training are left out of it, if need be all.
    """

    def __init__(
        self,
        columns: tuple[Column, ...] | None = None,
        imputation: Imputation = "median",
        missing_indicators: tuple[str, ...] = (),
        scale: bool = True,
    ) -> None:
        self.columns = columns
        self.imputation = imputation
        self.missing_indicators = missing_indicators
        self.scale = scale

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn from training patients, shape (patients, variables), NaN for missing."""
        checked: NDArray[Any] = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        values: Floats = np.asarray(checked)
        known = self.columns or tuple(Column(f"x{j}") for j in range(values.shape[1]))
        if len(known) != values.shape[1]:
            raise ValueError(f"{len(known)} columns are described, X has {values.shape[1]}")
        if self.imputation not in IMPUTATIONS:
            raise ValueError(f"imputation must be one of {', '.join(IMPUTATIONS)}")
        fill = np.array([self._typical(values[:, j], c) for j, c in enumerate(known)])
        regressions = self._regressions(values, known) if self.imputation == "iterative" else ()
        names = tuple(column.name for column in known)
        candidates = self._design_columns(known, fill)
        count = len(candidates)
        raw = Preparation(names, fill, regressions, candidates, np.zeros(count), np.ones(count))
        design = raw.apply(values)
        spread = design.std(axis=0, ddof=1)
        centre = design.mean(axis=0)
        # Rounding can leave a constant column with a spread of 1e-17 of its size, which must not be
        # divided by. Nothing is absolute here: a unit may make all values small.
        varies = spread > 1e-10 * np.abs(design).max(axis=0)
        kept = tuple(column for column, keep in zip(candidates, varies, strict=True) if keep)
        self.preparation_ = Preparation(
            names,
            fill,
            regressions,
            kept,
            centre[varies] if self.scale else np.zeros(len(kept)),
            spread[varies] if self.scale else np.ones(len(kept)),
        )
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Design matrix, shape (patients, columns)."""
        check_is_fitted(self)
        values: NDArray[Any] = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return self.preparation_.apply(np.asarray(values))

    def _typical(self, values: Floats, column: Column) -> float:
        """Median or mean of a number; most frequent value where only a few are possible."""
        known = values[~np.isnan(values)]
        if not known.size:
            return 0.0  # the column is constant then and leaves the design
        # Chained regressions start from medians, also those of yes and no.
        if column.states or (column.binary and self.imputation != "iterative"):
            distinct, counts = np.unique(known, return_counts=True)
            return float(distinct[counts.argmax()])
        return float(known.mean() if self.imputation == "mean" else np.median(known))

    def _design_columns(self, known: tuple[Column, ...], fill: Floats) -> tuple[DesignColumn, ...]:
        design: list[DesignColumn] = []
        for j, column in enumerate(known):
            if column.states:
                # Against the most frequent state, which is in every training fold.
                design += [
                    DesignColumn(f"{column.name}={state}", j, position)
                    for position, state in enumerate(column.states)
                    if position != fill[j]
                ]
            else:
                design.append(DesignColumn(column.name, j))
            if column.name in self.missing_indicators:
                design.append(DesignColumn(f"{column.name} missing", j, missing=True))
        return tuple(design)

    def _regressions(self, values: Floats, known: tuple[Column, ...]) -> tuple[Regression, ...]:
        numbers = [
            j
            for j, column in enumerate(known)
            if not column.states and not np.isnan(values[:, j]).all()
        ]
        if len(numbers) < 2:
            return ()
        imputer = IterativeImputer(
            max_iter=_ROUNDS,
            initial_strategy="median",
            min_value=[_or(known[j].low, -np.inf) for j in numbers],
            max_value=[_or(known[j].high, np.inf) for j in numbers],
        )
        with warnings.catch_warnings():
            # A fixed number of rounds is the procedure; it need not have settled.
            warnings.simplefilter("ignore", ConvergenceWarning)
            imputer.fit(values[:, numbers])
        return tuple(
            Regression(
                variable=numbers[step.feat_idx],
                inputs=tuple(numbers[i] for i in step.neighbor_feat_idx),
                intercept=float(step.estimator.intercept_),
                coefficients=tuple(step.estimator.coef_.tolist()),
                low=known[numbers[step.feat_idx]].low,
                high=known[numbers[step.feat_idx]].high,
            )
            for step in imputer.imputation_sequence_
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound
