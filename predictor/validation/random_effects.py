"""One figure from several centres: random-effects meta-analysis.

Every centre has its own true value; they are normal around a mean with variance tau-squared, which
is estimated by restricted maximum likelihood (REML; Viechtbauer, J Educ Behav Stat 2005;30:261).
The interval of the mean is that of Hartung and Knapp (Stat Med 2001;20:3875) and of Sidik and
Jonkman (Stat Med 2002;21:3153), which knows that tau-squared was estimated from few centres. The
prediction interval says where the true value of a further centre would lie (Higgins, Thompson and
Spiegelhalter, J R Stat Soc A 2009;172:137; with the error of Hartung and Knapp: Partlett and
Riley, Stat Med 2017;36:301).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.errors import LearningError
from predictor.performance.estimate import normal_quantile

Floats = NDArray[np.float64]
Method = Literal["REML", "DerSimonian-Laird", "one centre"]

FEWEST_FOR_PREDICTION = 3
"""Centres below which a prediction interval has no degrees of freedom."""

_ONE = (
    "One centre: its own value and interval; nothing can be said about differences between centres."
)
_TWO = (
    "Two centres: the interval of the mean has one degree of freedom and is wide for that reason; "
    "there is no prediction interval."
)
_FEW = "Fewer than five centres: how much centres differ is hardly known."
_NOT_FOUND = (
    "The restricted likelihood was not maximised, so tau-squared is that of DerSimonian and Laird."
)
_ITERATIONS = 200
_TOLERANCE = 1e-12  # of tau-squared, in units of the median variance within a centre


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """Summary of several centres on the scale their values were given on.

    Parameters
    ----------
    centres
        How many there were.
    mean
        Mean over centres.
    standard_error
        Of the mean, after Hartung and Knapp; for one centre its own.
    low, high
        Interval of the mean, Student's t with ``centres - 1`` degrees of freedom; for one centre
        its own normal interval.
    prediction_low, prediction_high
        Where the true value of a further centre would lie, Student's t with ``centres - 2``
        degrees of freedom; None below three centres.
    tau2
        Variance of the true values between centres; None for one centre.
    i2
        Share of the variation between centres that is not chance, 0 to 1; None for one centre.
    q
        Cochran's heterogeneity statistic; None for one centre.
    level
        Confidence level of all intervals.
    method
        How tau-squared was estimated.
    note
        What limits the summary, in words; empty if nothing does.
    """

    centres: int
    mean: float
    standard_error: float
    low: float
    high: float
    prediction_low: float | None
    prediction_high: float | None
    tau2: float | None
    i2: float | None
    q: float | None
    level: float
    method: Method
    note: str

    def through(self, inverse: Callable[[float], float]) -> RandomEffects:
        """Mean and bounds on another scale, such as ``math.exp`` of logarithms.

        The rest stays on the scale of the analysis: a standard error or a variance has no
        counterpart on the other one.
        """

        def changed(bound: float | None) -> float | None:
            return None if bound is None else inverse(bound)

        return replace(
            self,
            mean=inverse(self.mean),
            low=inverse(self.low),
            high=inverse(self.high),
            prediction_low=changed(self.prediction_low),
            prediction_high=changed(self.prediction_high),
        )

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


def random_effects(
    estimate: ArrayLike, variance: ArrayLike, *, level: float = 0.95
) -> RandomEffects:
    """Summarise the same figure of several centres.

    Parameters
    ----------
    estimate : shape (centres,)
        On a scale on which it is roughly normal: log-odds of an AUROC, logarithm of a ratio.
    variance : shape (centres,)
        Squared standard errors on that scale, above 0.
    level
        Confidence level.

    Raises
    ------
    LearningError
        If there is no centre, or a number is missing, infinite or no variance.

    Notes
    -----
    - Where centres agree better than chance would let them, the formula of Hartung and Knapp
      gives an interval narrower than if they were known to be alike, down to width 0 for two
      equal values. The factor that does it is kept at 1 or more (Knapp and Hartung, Stat Med
      2003;22:2693; recommended for few studies by Rover, Knapp and Friede, BMC Med Res Methodol
      2015;15:99).
    - I-squared is tau-squared over itself and the typical variance within a centre (Higgins and
      Thompson, Stat Med 2002;21:1539).
    - In simulation (1,500 times 3 to 20 centres, variances 0.02 to 0.2 within, 0.01 or 0.16
      between) the 95% interval held the mean in 94 to 100%. The prediction interval takes
      tau-squared for known and held a further centre in 88 to 93% where there were 5 to 20
      centres that really differed.
    - One centre keeps its own interval. Two have a summary, whose interval is wide as one degree
      of freedom demands, and no prediction interval. ``note`` says so.

    Examples
    --------
    >>> found = random_effects([0.2, 0.5, 0.8], [0.04, 0.04, 0.04])
    >>> round(found.mean, 6), round(found.tau2, 6), round(found.i2, 6)
    (0.5, 0.05, 0.555556)
    """
    y, v = _checked(estimate, variance)
    z = normal_quantile(level)
    if y.size == 1:
        mean, error = float(y[0]), math.sqrt(v[0])
        return RandomEffects(
            centres=1,
            mean=mean,
            standard_error=error,
            low=mean - z * error,
            high=mean + z * error,
            prediction_low=None,
            prediction_high=None,
            tau2=None,
            i2=None,
            q=None,
            level=level,
            method="one centre",
            note=_ONE,
        )
    restricted = _reml(y, v)
    tau2 = dersimonian_laird(y, v) if restricted is None else restricted
    weight = 1.0 / (v + tau2)
    mean = float(weight @ y / weight.sum())
    narrowing = float(weight @ np.square(y - mean)) / (y.size - 1)
    error = math.sqrt(max(1.0, narrowing) / float(weight.sum()))
    reach = _t_quantile(level, y.size - 1) * error
    prediction_low, prediction_high = None, None
    if y.size >= FEWEST_FOR_PREDICTION:
        far = _t_quantile(level, y.size - 2) * math.sqrt(tau2 + error**2)
        prediction_low, prediction_high = mean - far, mean + far
    notes = ["" if restricted is not None else _NOT_FOUND]
    notes.append(_TWO if y.size == 2 else _FEW if y.size < 5 else "")
    return RandomEffects(
        centres=y.size,
        mean=mean,
        standard_error=error,
        low=mean - reach,
        high=mean + reach,
        prediction_low=prediction_low,
        prediction_high=prediction_high,
        tau2=tau2,
        i2=tau2 / (tau2 + _typical_variance(v)),
        q=_heterogeneity(y, v),
        level=level,
        method="REML" if restricted is not None else "DerSimonian-Laird",
        note=" ".join(note for note in notes if note),
    )


def dersimonian_laird(estimate: ArrayLike, variance: ArrayLike) -> float:
    """Variance between centres by moments (DerSimonian and Laird, Control Clin Trials 1986;7:177).

    Parameters and errors as for `random_effects`; 0 for one centre.
    """
    y, v = _checked(estimate, variance)
    weight = 1.0 / v
    scale = float(weight @ _share_of_others(weight))
    excess = _heterogeneity(y, v) - (y.size - 1)
    return max(0.0, excess / scale) if scale > 0.0 else 0.0


def _reml(y: Floats, v: Floats) -> float | None:
    """Restricted maximum likelihood by Fisher scoring; None where it does not settle.

    With few centres of very unequal size there can be more than one maximum, so the search starts
    from the best of a grid. Scoring can overshoot and swing for ever; the signs of the score keep
    it between bounds, and every third step halves them.
    """
    unit = float(np.median(v))
    y, v = (y - y.mean()) / math.sqrt(unit), v / unit
    top = 4.0 * float(np.square(y).max()) + 1e-6
    grid = np.concatenate(([0.0], np.geomspace(1e-6 * top, top, 40)))
    best = int(np.argmax([_restricted(y, v, tau2) for tau2 in grid]))
    tau2 = float(grid[best])
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    for iteration in range(_ITERATIONS):
        step = _scoring_step(y, v, tau2)
        if step > 0.0:
            low = tau2
        else:
            high = tau2
        trial = tau2 + step
        if not low < trial < high or iteration % 3 == 2:
            trial = (low + high) / 2.0
        if abs(trial - tau2) <= _TOLERANCE * (1.0 + tau2):
            return trial * unit
        tau2 = trial
    return None


def _restricted(y: Floats, v: Floats, tau2: float) -> float:
    """Restricted log-likelihood without its constant."""
    weight = 1.0 / (v + tau2)
    total = float(weight.sum())
    residual = y - float(weight @ y) / total
    return 0.5 * (
        float(np.log(weight).sum()) - math.log(total) - float(weight @ np.square(residual))
    )


def _scoring_step(y: Floats, v: Floats, tau2: float) -> float:
    """Score over expected information of tau-squared."""
    weight = 1.0 / (v + tau2)
    residual = y - float(weight @ y) / float(weight.sum())
    own = weight * _share_of_others(weight)
    projection = -np.outer(weight, weight) / weight.sum()
    np.fill_diagonal(projection, own)
    score = float(np.square(weight) @ np.square(residual)) - float(own.sum())
    return score / float(np.square(projection).sum())


def _heterogeneity(y: Floats, v: Floats) -> float:
    weight = 1.0 / v
    return float(weight @ np.square(y - weight @ y / weight.sum()))


def _typical_variance(v: Floats) -> float:
    """Variance within a typical centre, as Higgins and Thompson weigh it."""
    weight = 1.0 / v
    return (v.size - 1) / float(weight @ _share_of_others(weight))


def _share_of_others(weight: Floats) -> Floats:
    """Share of the weight that is not a centre's own, exact where one centre has nearly all."""
    others = (1.0 - np.eye(weight.size)) @ weight
    return np.asarray(others / weight.sum())


def _t_quantile(level: float, freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2.0))


def _checked(estimate: ArrayLike, variance: ArrayLike) -> tuple[Floats, Floats]:
    y, v = np.asarray(estimate, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    where = "random-effects summary"
    if y.ndim != 1 or y.shape != v.shape:
        raise LearningError(where, "it needs one value and one variance for each centre")
    if not y.size:
        raise LearningError(where, "there is no centre to summarise")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0.0).all()):
        raise LearningError(where, "values must be finite and variances finite and above 0")
    return y, v
