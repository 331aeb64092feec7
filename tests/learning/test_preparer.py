"""Preparation: scikit-learn's own transformers, and the laws of not looking elsewhere."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from predictor.clinical.dictionary import load_dictionary
from predictor.fitted.preparation import Preparation
from predictor.learning.preparer import Column, Preparer, column_of


@parametrize_with_checks(
    [
        Preparer(),
        Preparer(imputation="mean"),
        Preparer(imputation="iterative"),
        Preparer(scale=False),
    ]
)
def test_scikit_learn_accepts_the_transformer(estimator: Any, check: Any) -> None:
    check(estimator)


def gaps(n: int = 60, q: int = 5, seed: int = 0, share: float = 0.2) -> Any:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, q)) @ rng.normal(size=(q, q)) + 3
    X[rng.random((n, q)) < share] = np.nan
    X[:2] = [[0.5] * q, [1.5] * q]  # every column is known somewhere and varies
    return X


def scaled(X: Any, train: Any) -> Any:
    """Scikit-learn's standardisation with the denominator n - 1 of R."""
    scaler = StandardScaler().fit(train)
    n = len(train)
    return scaler.transform(X) * np.sqrt((n - 1) / n)


@pytest.mark.parametrize("seed", range(5))
def test_median_and_scaling_equal_scikit_learn(seed: int) -> None:
    train, test = gaps(seed=seed), gaps(seed=seed + 100)
    imputer = SimpleImputer(strategy="median").fit(train)
    expected = scaled(imputer.transform(test), imputer.transform(train))
    assert Preparer().fit(train).transform(test) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("train_share", [0.2, 0.0])
def test_iterative_imputation_equals_scikit_learn(seed: int, train_share: float) -> None:
    train, test = gaps(seed=seed, share=train_share), gaps(seed=seed + 100)
    imputer = IterativeImputer(
        max_iter=10, initial_strategy="median", min_value=-2.0, max_value=8.0
    )
    with pytest.warns(match="Early stopping") if train_share else _nothing():
        imputer.fit(train)
    columns = tuple(Column(f"x{j}", low=-2.0, high=8.0) for j in range(5))
    ours = Preparer(columns, imputation="iterative", scale=False).fit(train)
    assert ours.transform(test) == pytest.approx(imputer.transform(test), abs=1e-12)


class _nothing:  # noqa: N801 - reads as a sentence above
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_imputed_values_keep_to_their_bounds() -> None:
    train = gaps(share=0.4)
    columns = tuple(Column(f"x{j}", low=2.9, high=3.1) for j in range(5))
    ours = Preparer(columns, imputation="iterative", scale=False).fit(train)
    imputed = ours.transform(train)[np.isnan(train)]
    assert imputed.min() >= 2.9
    assert imputed.max() <= 3.1


STATES = ("a", "b", "c", "d")


def nominal(n: int = 80, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=n), rng.choice([0.0, 1.0, 3.0], n, p=[0.15, 0.7, 0.15])])
    X[rng.random((n, 2)) < 0.1] = np.nan
    return X


@pytest.mark.parametrize("seed", range(3))
def test_dummies_equal_the_one_hot_encoder(seed: int) -> None:
    X = nominal(seed=seed)
    columns = (Column("x"), Column("s", STATES))
    ours = Preparer(columns, scale=False).fit(X)
    filled = SimpleImputer(strategy="most_frequent").fit_transform(X[:, [1]])
    encoder = OneHotEncoder(categories=[[0, 1, 2, 3]], sparse_output=False)
    dummies = encoder.fit_transform(filled)
    # the most frequent state is what the others are compared to; state c never occurs
    assert [c.name for c in ours.preparation_.columns] == ["x", "s=a", "s=d"]
    assert ours.transform(X)[:, 1:] == pytest.approx(dummies[:, [0, 3]], abs=0)
    # a state that training has not seen is like the most frequent one
    assert ours.transform([[0.0, 2.0]])[0, 1:].tolist() == [0.0, 0.0]


def test_yes_and_no_are_filled_with_the_more_frequent_and_shares_with_the_median() -> None:
    X = np.array([[0.0, 0.1], [0.0, 0.2], [1.0, 0.3], [1.0, 0.9], [1.0, 1.0], [np.nan, np.nan]])
    columns = (Column("yes", (), 0.0, 1.0, binary=True), Column("share", (), 0.0, 1.0))
    ours = Preparer(columns, scale=False).fit(X)
    assert ours.transform(X)[-1].tolist() == [1.0, 0.3]


def test_mean_imputation_takes_the_mean_of_numbers_and_the_most_frequent_state() -> None:
    X = np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 2.0], [1.0, 9.0, 0.0], [np.nan, np.nan, np.nan]])
    columns = (Column("yes", (), 0.0, 1.0, binary=True), Column("x"), Column("s", STATES))
    ours = Preparer(columns, "mean", scale=False).fit(X).preparation_
    assert ours.fill.tolist() == [1.0, 4.0, 2.0]
    assert ours.apply(X)[-1].tolist() == [1.0, 4.0, 0.0]


def test_dictionary_variables_are_described_with_their_bounds() -> None:
    dictionary = load_dictionary()
    c3 = column_of(dictionary.variable("c3"))
    plausible = dictionary.variable("c3").plausible
    assert plausible is not None
    assert (c3.name, c3.states, c3.low, c3.high) == ("c3", (), plausible.low, plausible.high)
    assert column_of(dictionary.variable("fever")) == Column("fever", (), 0.0, 1.0, binary=True)
    assert column_of(dictionary.variable("sex")).states == dictionary.variable("sex").states


def test_missing_indicators_only_on_request() -> None:
    X = gaps()
    names = lambda p: [c.name for c in p.preparation_.columns]  # noqa: E731
    assert names(Preparer().fit(X)) == [f"x{j}" for j in range(5)]
    asked = Preparer(missing_indicators=("x1", "x3"), scale=False).fit(X)
    assert names(asked) == ["x0", "x1", "x1 missing", "x2", "x3", "x3 missing", "x4"]
    assert asked.transform(X)[:, 2].tolist() == np.isnan(X[:, 1]).tolist()


def test_columns_that_do_not_vary_leave_the_design() -> None:
    X = gaps()
    X[:, 0] = 7.1  # the spread of equal numbers is 1e-15, not zero
    X[:, 1] = np.nan
    X[:, 2] *= 1e-13  # small values are values
    ours = Preparer().fit(X)
    assert [c.name for c in ours.preparation_.columns] == ["x2", "x3", "x4"]
    assert ours.transform(X)[:, 0].std(ddof=1) == pytest.approx(1.0)
    assert np.isfinite(ours.transform([[np.nan] * 5])).all()


def test_where_nothing_varies_nothing_is_left() -> None:
    ours = Preparer().fit(np.full((5, 3), 2.0))
    assert ours.transform(np.ones((4, 3))).shape == (4, 0)


@pytest.mark.parametrize("imputation", ["median", "mean", "iterative"])
def test_as_data_it_survives_json_to_the_last_bit(imputation: Any) -> None:
    columns = (Column("x"), Column("s", STATES), Column("y", low=-1.0), Column("z"))
    X = np.column_stack([nominal(), nominal(seed=1)[:, 0], gaps(80)[:, 0]])
    ours = Preparer(columns, imputation, missing_indicators=("x",)).fit(X).preparation_
    back = Preparation.from_dict(json.loads(json.dumps(ours.to_dict())))
    assert back.to_dict() == ours.to_dict()
    assert back.apply(X).tobytes() == ours.apply(X).tobytes()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(["median", "iterative"]))
def test_one_patient_is_prepared_as_among_many(seed: int, imputation: Any) -> None:
    train, test = gaps(seed=seed), gaps(seed=seed + 1)
    ours = Preparer(imputation=imputation, missing_indicators=("x2",)).fit(train)
    many = ours.transform(test)
    for row in (0, 7, 59):
        assert ours.transform(test[[row]])[0] == pytest.approx(many[row], abs=1e-12)


def test_known_values_are_never_changed_by_imputation() -> None:
    train, test = gaps(), gaps(seed=9)
    for imputation in ("median", "iterative"):
        filled = Preparer(imputation=imputation, scale=False).fit(train).transform(test)  # type: ignore[arg-type]
        known = ~np.isnan(test)
        assert (filled[known] == test[known]).all()
        assert not np.isnan(filled).any()


@pytest.mark.parametrize(
    ("preparer", "message"),
    [
        (Preparer(columns=(Column("a"),)), "1 columns are described, X has 5"),
        (Preparer(imputation="zero"), "imputation must be one of median, mean, iterative"),  # type: ignore[arg-type]
    ],
)
def test_wrong_parameters_are_named(preparer: Preparer, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        preparer.fit(gaps())
