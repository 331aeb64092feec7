"""The candidate models: what each is called, how simple it is, what is tuned, how it is built."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from predictor.config import Config
from predictor.errors import MissingExtraError
from predictor.fitted.models import EstimatorKind
from predictor.learning.elastic_net import ElasticNetLogistic
from predictor.learning.estimators import FirthLogistic, Prevalence, RidgeLogistic

Setting = Mapping[str, float]

# From simple to complex (design section 6): among models as good as each other the first is taken.
SIMPLICITY = (
    "prevalence",
    "one_predictor",
    "firth",
    "ridge",
    "elastic_net",
    "ebm",
    "random_forest",
    "hist_gradient_boosting",
)

_KINDS: Mapping[str, EstimatorKind] = {
    "ebm": "additive",
    "random_forest": "forest",
    "hist_gradient_boosting": "boosting",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model to be compared.

    Parameters
    ----------
    name
        Stable name, one of ``SIMPLICITY``.
    label
        What people read.
    predictors
        Positions of the predictors it uses.
    grid
        Settings to choose from inside each training fold, from more to less restrained.
    fixed
        Settings that are not tuned.
    """

    name: str
    label: str
    predictors: tuple[int, ...]
    grid: tuple[Setting, ...] = ({},)
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """Place in the order of simplicity."""
        return SIMPLICITY.index(self.name)

    @property
    def kind(self) -> EstimatorKind | None:
        """How the fitted estimator is bundled; None for a linear model, which is data."""
        return _KINDS.get(self.name)

    @property
    def scaled(self) -> bool:
        """Whether it needs standardised columns; trees keep clinical units."""
        return self.kind is None

    def build(self, setting: Setting, seed: int) -> Any:  # noqa: PLR0911 - one per model
        """An unfitted scikit-learn classifier."""
        chosen: dict[str, Any] = {**self.fixed, **setting}
        match self.name:
            case "prevalence":
                return Prevalence()
            case "one_predictor" | "firth":
                return FirthLogistic(**chosen)
            case "ridge":
                return RidgeLogistic(**chosen)
            case "elastic_net":
                return ElasticNetLogistic(**chosen)
            case "random_forest":
                return RandomForestClassifier(**chosen, n_jobs=1, random_state=seed)
            case "hist_gradient_boosting":
                return HistGradientBoostingClassifier(
                    **chosen, early_stopping=False, random_state=seed
                )
            case _:
                from interpret.glassbox import ExplainableBoostingClassifier

                return ExplainableBoostingClassifier(**chosen, n_jobs=1, random_state=seed)


def candidates(config: Config, baseline_label: str | None = None) -> tuple[Candidate, ...]:
    """The candidates of a configuration with both baselines, from simple to complex.

    Parameters
    ----------
    config
        The configuration.
    baseline_label
        What people call the one predictor that stands alone; its name by default.

    Raises
    ------
    MissingExtraError
        If an explainable boosting machine is asked for and not installed.
    """
    everything = tuple(range(len(config.predictors)))
    alone = (config.predictors.index(config.baseline),)
    models = config.models
    found = [
        Candidate("prevalence", "Prevalence", everything),
        Candidate("one_predictor", f"{baseline_label or config.baseline} alone", alone),
    ]
    if plan := models.firth:
        flic = {"intercept_correction": plan.intercept_correction}
        found.append(Candidate("firth", "Firth logistic", everything, fixed=flic))
    if ridge := models.ridge:
        grid = _grid(penalty=sorted(ridge.penalty, reverse=True))
        found.append(Candidate("ridge", "Ridge logistic", everything, grid))
    if net := models.elastic_net:
        grid = _grid(penalty=sorted(net.penalty, reverse=True), l1_share=net.l1_share)
        found.append(Candidate("elastic_net", "Elastic net logistic", everything, grid))
    if additive := models.ebm:
        if find_spec("interpret") is None:
            raise MissingExtraError(
                "models.ebm",
                "the explainable boosting machine is not installed",
                'Install it: python -m pip install "sle-ivig-predictor[ebm]".',
            )
        fixed = {"interactions": additive.interactions, "max_bins": additive.max_bins}
        found.append(Candidate("ebm", "Explainable boosting machine", everything, fixed=fixed))
    if forest := models.random_forest:
        grid = _grid(min_samples_leaf=sorted(forest.min_samples_leaf, reverse=True))
        fixed = {"n_estimators": forest.trees}
        found.append(Candidate("random_forest", "Random forest", everything, grid, fixed))
    if boosting := models.hist_gradient_boosting:
        grid = _grid(
            max_leaf_nodes=sorted(boosting.max_leaf_nodes),
            max_iter=sorted(boosting.trees),
            learning_rate=sorted(boosting.learning_rate),
        )
        fixed = {"min_samples_leaf": boosting.min_samples_leaf}
        found.append(
            Candidate("hist_gradient_boosting", "Gradient boosting", everything, grid, fixed)
        )
    return tuple(sorted(found, key=lambda candidate: candidate.rank))


def _grid(**options: Sequence[float]) -> tuple[Setting, ...]:
    return tuple(
        dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())
    )
