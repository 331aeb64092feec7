"""The models of one server, loaded and checked before the first request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread

from predictor.clinic.prediction import predict
from predictor.errors import BundleError, Reason
from predictor.fitted.bundle import Bundle, open_bundle, refuse_states
from predictor.fitted.models import LinearModel
from predictor.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from predictor.clinic.results import Prediction
    from predictor.clinical.variable import Variable

_T = TypeVar("_T")

_AT_ONCE = 2
"""Slow models and long records: this many at the same time; others wait for their turn."""


@dataclass(frozen=True, slots=True)
class Served:
    """Models by name.

    Parameters
    ----------
    bundles
        In the order they were given.
    slots
        Of the threads in which is done what takes longer than a linear model.
    seconds
        Until an answer is made.
    """

    bundles: Mapping[str, Bundle]
    slots: CapacityLimiter
    seconds: float

    @property
    def first(self) -> Bundle:
        """The model whose form is shown when none is named."""
        return next(iter(self.bundles.values()))

    def named(self, name: object) -> Bundle:
        """The model of a request; with one model it need not be named.

        Raises
        ------
        ProblemError
            If there is none of that name.
        """
        if name is None and len(self.bundles) == 1:
            return self.first
        if isinstance(name, str) and name in self.bundles:
            return self.bundles[name]
        served = f"Served here: {', '.join(self.bundles)}."
        rule = "name the model" if name is None else "no model of this name"
        reason = Reason("unknown_model", "model", f"{rule}. {served}")
        raise ProblemError(Problem(422, "unknown-model", served, (reason,)))

    async def answer(self, patient: Mapping[str, object], bundle: Bundle) -> Prediction:
        """Predict; a slow model does not keep other requests waiting.

        Raises
        ------
        PatientRefused
            With every reason at once.
        """
        if isinstance(bundle.model, LinearModel):
            return predict(patient, bundle)
        return await self.aside(partial(predict, patient, bundle))

    async def aside(self, work: Callable[[], _T]) -> _T:
        """Do what takes longer in a thread, so that other requests are answered meanwhile.

        Parameters
        ----------
        work
            Given up, and its result with it, when the time for an answer is over.

        Raises
        ------
        ProblemError
            If it is over.
        """
        try:
            with fail_after(self.seconds):
                return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self.slots)
        except TimeoutError:
            detail = f"It is given up after {self.seconds:g} seconds."
            raise ProblemError(Problem(503, "too-slow", detail)) from None


def load_served(models: Sequence[str | Path], *, seconds: float) -> Served:
    """Load the models of a server.

    Parameters
    ----------
    models
        Folders of bundles, or names of shipped ones.
    seconds
        Until an answer is made.

    Raises
    ------
    BundleError
        If one cannot be loaded, or two have one name.
    """
    bundles: dict[str, Bundle] = {}
    for model in models:
        bundle = open_bundle(model)
        if bundle.hazards is not None:
            refuse_states(bundle)
        if bundle.name in bundles:
            raise BundleError(
                str(model),
                f"another served model is also called {bundle.name!r}",
                "Serve them apart, or give one another name in its configuration.",
            )
        bundles[bundle.name] = bundle
    if not bundles:
        raise BundleError("predictor serve", "no model was given", "Name at least one.")
    return Served(bundles, CapacityLimiter(_AT_ONCE), seconds)


def described(bundle: Bundle) -> dict[str, Any]:
    """What a program needs to know of a model before it asks."""
    outcome = bundle.manifest["outcome"]
    return {
        "name": bundle.name,
        "version": bundle.manifest["model"]["version"],
        "digest": bundle.digest,
        "outcome": outcome["name"],
        "label": outcome["label"],
        "horizon": outcome["horizon"],
        "population": outcome["population"],
        "evidence": dict(bundle.manifest["evidence"]),
        "most_missing": bundle.most_missing,
        "predictors": [_described_variable(variable) for variable in bundle.variables],
        "exclusions": [_described_variable(variable) for variable in bundle.exclusions],
        "states": [dict(state) for state in outcome.get("states", ())],
        "limits": [
            {**_described_variable(bundle.dictionary.variable(name)), "limit": limit.to_list()}
            for name, limit in bundle.limits.items()
        ],
    }


def _described_variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "kind": variable.kind,
        "unit": variable.unit,
        "units": list(variable.units),
        "states": list(variable.states),
        "reference": variable.reference.to_list() if variable.reference else None,
        "plausible": variable.plausible.to_list() if variable.plausible else None,
        "loinc": list(variable.loinc),
    }
