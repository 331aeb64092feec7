"""Probabilities, reasons and intervals of several states, gaps included.

As `predictor.clinic.uncertainty` for an event: a missing value is drawn several times given the
patient's other values, and the probabilities are means over the draws, so they still add up to
one. Each state has an interval of its own, from the log-odds of the state over the replicates,
each of which looks at one of the draws: so it takes in both what another cohort would have taught
and what the gaps leave open. It is extended to the probability where that lies outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.draws import DRAWS, shared_rest
from predictor.clinic.state_answer import StateAnswer
from predictor.clinic.uncertainty import LEVEL, METHOD, Scored
from predictor.errors import BundleError
from predictor.fitted.bundle import Bundle
from predictor.fitted.models import expit
from predictor.fitted.preparation import Values
from predictor.fitted.state_model import state_probabilities
from predictor.fitted.state_part import StatePart

_QUANTILE = 1.959963984540054
_TINY = 1e-300
_MOST_NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True)
class StateScored:
    """Answers for some patients.

    Parameters
    ----------
    probability : shape (patients, states)
        Adds up to one.
    base_values : shape (sums,)
        Output of each sum for the reference.
    values : shape (sums, patients, variables)
        Contributions; with the base values they add up to the log-odds of the best state
        (proportional odds: one sum), or of each state against the first (multinomial).
    reference : shape (states,)
        Probabilities of the reference.
    low, high : shape (patients, states) or None
    widening : shape (patients,)
        By how much gaps make the interval of the best state wider, in probability.
    distance : shape (patients,) or None
    """

    probability: Values
    base_values: Values
    values: Values
    reference: Values
    low: Values | None
    high: Values | None
    widening: Values
    distance: Values | None


def score_states(bundle: Bundle, values: Values) -> StateScored:
    """Answer for some patients.

    Parameters
    ----------
    bundle
        Of several states.
    values : shape (patients, variables)
        NaN for missing.

    Raises
    ------
    BundleError
        If it is not of several states, or its numbers make an answer that is none.
    """
    part = bundle.states
    if part is None:
        raise BundleError(str(bundle.path), "it tells one event and no states", "Use predict().")
    step = max(1, _MOST_NUMBERS // (DRAWS * (values.shape[1] + 1) * part.model.states * 20))
    pieces = [
        _score(bundle, part, values[start : start + step]) for start in range(0, len(values), step)
    ]
    joined = _joined(pieces)
    answers = (joined.probability, joined.values, joined.low, joined.high, joined.distance)
    if not all(one is None or np.isfinite(one).all() for one in answers):
        rule = "its numbers lead to an answer that is not finite"
        raise BundleError(str(bundle.path), rule, "Get the bundle again, or train anew.")
    return joined


def of_best(part: StatePart, found: StateScored) -> Scored:
    """What is told of the best state, as of an event."""
    return Scored(
        probability=found.probability[:, -1],
        base_value=float(found.base_values[-1]),
        reference_probability=float(found.reference[-1]),
        values=found.values[-1],
        scale=scale_of(part),
        low=None if found.low is None else found.low[:, -1],
        high=None if found.high is None else found.high[:, -1],
        widening=found.widening,
        distance=found.distance,
        level=LEVEL,
        method=METHOD,
    )


def scale_of(part: StatePart) -> str:
    """What the contributions to the best state add up to."""
    if part.model.kind == "proportional_odds":
        return "log-odds"
    return f"log-odds against {part.labels[0]}"


def state_answers(
    part: StatePart, found: StateScored, names: tuple[str, ...], i: int
) -> tuple[StateAnswer, ...]:
    """What is told of every state of one patient, worst first.

    Parameters
    ----------
    part, found
        The model and its answers.
    names
        Of the variables.
    i
        Number of the patient.
    """
    several = part.model.kind == "multinomial"
    return tuple(
        StateAnswer(
            name,
            part.labels[k],
            float(found.probability[i, k]),
            float(found.reference[k]),
            None if found.low is None else float(found.low[i, k]),
            None if found.high is None else float(found.high[i, k]),
            float(found.base_values[k - 1]) if several and k else None,
            dict(zip(names, found.values[k - 1, i].tolist(), strict=True))
            if several and k
            else None,
        )
        for k, name in enumerate(part.names)
    )


def _joined(pieces: list[StateScored]) -> StateScored:
    first = pieces[0]

    def rows(name: str) -> Values | None:
        found = [getattr(piece, name) for piece in pieces]
        return None if found[0] is None else np.concatenate(found)

    return StateScored(
        np.concatenate([piece.probability for piece in pieces]),
        first.base_values,
        np.concatenate([piece.values for piece in pieces], axis=1),
        first.reference,
        rows("low"),
        rows("high"),
        np.concatenate([piece.widening for piece in pieces]),
        rows("distance"),
    )


def _score(bundle: Bundle, part: StatePart, values: Values) -> StateScored:
    model, preparation = part.model, bundle.preparation
    n, width = values.shape
    absent = np.isnan(values)
    gaps = absent.any(axis=1)
    draws = DRAWS if gaps.any() and bundle.moments is not None else 1
    filled = np.repeat(preparation.impute(values)[:, None], draws, axis=1)
    if draws > 1 and bundle.moments is not None:
        filled[gaps] = bundle.moments.draws(values[gaps], DRAWS)
    flat = preparation.design(filled.reshape(n * draws, width), np.repeat(absent, draws, axis=0))
    every = model.log_odds(flat).reshape(n, draws, -1)
    probability = state_probabilities(model.kind, every).mean(axis=1)
    probability /= probability.sum(axis=1, keepdims=True)

    one = model.kind == "proportional_odds"
    base = model.intercepts[-1:] if one else model.intercepts
    parts = np.empty((len(base), n, width))
    for k, coefficients in enumerate(model.coefficients):
        each = preparation.fold(flat * coefficients).reshape(n, draws, width)
        parts[k] = each.mean(axis=1)
        if draws > 1:
            parts[k][gaps] += shared_rest(
                float(base[k]),
                parts[k][gaps],
                _output(probability[gaps], None if one else k + 1),
                each[gaps].var(axis=1),
                absent[gaps],
            )
    low = high = None
    widening = np.zeros(n)
    if part.replicates is not None:
        low, high = _interval(part, filled, absent, probability)
        if draws > 1:
            known_low, known_high = _interval(
                part, preparation.impute(values)[:, None], absent, probability
            )
            wider = (high - low)[:, -1] - (known_high - known_low)[:, -1]
            widening = np.where(gaps, np.maximum(wider, 0.0), 0.0)
    return StateScored(
        probability,
        base,
        parts,
        state_probabilities(model.kind, model.intercepts),
        low,
        high,
        widening,
        None if bundle.moments is None else bundle.moments.distance(values),
    )


def _output(probability: Values, state: int | None) -> Values:
    """Log-odds of the best state, or of a state against the first."""
    own = probability[:, -1 if state is None else state]
    other = probability[:, :-1].sum(axis=1) if state is None else probability[:, 0]
    return np.asarray(np.log(np.maximum(own, _TINY)) - np.log(np.maximum(other, _TINY)))


def _interval(
    part: StatePart, filled: Values, absent: NDArray[np.bool_], probability: Values
) -> tuple[Values, Values]:
    replicates = part.replicates
    if replicates is None:
        return probability, probability
    log_odds = replicates.log_odds(filled, absent)
    each = state_probabilities(part.model.kind, log_odds)
    rest = np.maximum(each.sum(axis=-1, keepdims=True) - each, _TINY)
    logit = np.log(np.maximum(each, _TINY)) - np.log(rest)
    centre, reach = logit.mean(axis=1), _QUANTILE * logit.std(axis=1, ddof=1)
    low, high = expit(centre - reach), expit(centre + reach)
    return np.minimum(low, probability), np.maximum(high, probability)
