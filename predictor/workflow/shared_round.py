"""A round of a pooled fit: what the coordinator asks, and all that is known so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from predictor.errors import PredictorError
from predictor.fitted.preparation import Preparation
from predictor.learning.shared_newton import Climb, HeldOut
from predictor.learning.shared_plan import LeftOut, Losses
from predictor.workflow.exchange import ROUND, ExchangeError, read_sealed, sealed
from predictor.workflow.shared_study import SharedStudy

Stage = Literal["sums", "newton", "figures"]
Folds = Literal["patients", "centres"]

NO_ROUND = "the file does not say what a round has to say ({kind})"


@dataclass(frozen=True, slots=True)
class Centre:
    """One that takes part.

    Parameters
    ----------
    name
        Its name; unique.
    cohort_digest
        Digest of what it analyses.
    patients, events
        How many it analyses.
    simulated
        Whether its patients are simulated.
    """

    name: str
    cohort_digest: str
    patients: int
    events: int
    simulated: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "cohort_digest": self.cohort_digest,
            "patients": self.patients,
            "events": self.events,
            "simulated": self.simulated,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Centre:
        """Rebuild from :meth:`to_dict`."""
        name, cohort = str(data["name"]), str(data["cohort_digest"])
        return cls(
            name, cohort, int(data["patients"]), int(data["events"]), bool(data["simulated"])
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """One of the fits that are made at once.

    Parameters
    ----------
    left_out
        Folds that are not trained on.
    penalty
        Lambda.
    climb
        Where it stands.
    held_out
        Sums over the folds that are left out, at the coefficients of the last answers.
    """

    left_out: LeftOut
    penalty: float
    climb: Climb
    held_out: Mapping[int, HeldOut] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For messages."""
        without = ", ".join(map(str, self.left_out))
        return f"ridge with penalty {self.penalty:g}" + (f" without fold {without}" * bool(without))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        held = [
            {"fold": k, "log_loss": h.log_loss, "squares": h.squares, "expected": h.expected}
            for k, h in self.held_out.items()
        ]
        return {
            "left_out": list(self.left_out),
            "penalty": self.penalty,
            **self.climb.to_dict(),
            "held_out": held,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Fit:
        """Rebuild from :meth:`to_dict`."""
        left_out = tuple(int(fold) for fold in data["left_out"])
        return cls(
            left_out, float(data["penalty"]), Climb.from_dict(data), held_from(data["held_out"])
        )


def held_from(rows: Any) -> dict[int, HeldOut]:
    """Sums over folds, by fold, as :meth:`Fit.to_dict` writes them."""
    return {
        int(row["fold"]): HeldOut(
            float(row["log_loss"]), float(row["squares"]), float(row["expected"])
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Round:
    """What is asked of all centres.

    Parameters
    ----------
    number
        0 for the first.
    stage
        ``sums``: counts, means and squares; ``newton``: gradients and Hessians; ``figures``: how
        well the model predicts.
    study
        What all have in common.
    by
        Whether patients are spread over folds, or centres are the folds.
    previous
        Digest of the round before; None for the first.
    centres
        Who takes part, by name; empty in the first round.
    preparations
        Imputation and scaling of the fits that leave out the same folds.
    fits
        Those that are made, or that figures are wanted of.
    history
        Largest step of each round of Newton's method, and how many fits had not converged.
    choice
        Penalties that were chosen and their log losses; None before.
    digest
        Of the file it was read from; empty before it is written.
    """

    number: int
    stage: Stage
    study: SharedStudy
    by: Folds
    previous: str | None = None
    centres: tuple[Centre, ...] = ()
    preparations: Mapping[LeftOut, Preparation] = field(default_factory=dict)
    fits: tuple[Fit, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    choice: Mapping[str, Any] | None = None
    digest: str = ""

    @property
    def folds(self) -> int:
        """How many folds there are; 0 before the centres are known that are the folds."""
        if self.by == "centres":
            return len(self.centres)
        return self.study.config.validation.inner_folds

    @property
    def open(self) -> tuple[Fit, ...]:
        """Fits that sums are asked for."""
        return tuple(fit for fit in self.fits if not fit.climb.converged)

    @property
    def losses(self) -> Losses:
        """Summed log loss by what was left out, penalty and fold."""
        return {
            (fit.left_out, fit.penalty, fold): held.log_loss
            for fit in self.fits
            for fold, held in fit.held_out.items()
        }

    def sealed(self) -> dict[str, Any]:
        """As it is written."""
        return sealed(
            ROUND,
            {
                "number": self.number,
                "stage": self.stage,
                "study": {"digest": self.study.digest, **self.study.content},
                "folds": self.by,
                "previous": self.previous,
                "centres": [centre.to_dict() for centre in self.centres],
                "preparations": [
                    {"left_out": list(left_out), "preparation": preparation.to_dict()}
                    for left_out, preparation in self.preparations.items()
                ],
                "fits": [fit.to_dict() for fit in self.fits],
                "history": [dict(row) for row in self.history],
                "choice": self.choice,
            },
        )


def read_round(path: Path) -> Round:
    """Read a round, held against its own digest and that of its study.

    Raises
    ------
    ExchangeError
        If it is no round, or was changed.
    """
    data = read_sealed(path, ROUND)
    try:
        study = SharedStudy({k: data["study"][k] for k in ("config", "dictionary")})
        found = Round(
            int(data["number"]),
            _one_of(data["stage"], ("sums", "newton", "figures")),
            study,
            _one_of(data["folds"], ("patients", "centres")),
            data["previous"],
            tuple(Centre.from_dict(row) for row in data["centres"]),
            {
                tuple(row["left_out"]): Preparation.from_dict(row["preparation"], str(path))
                for row in data["preparations"]
            },
            tuple(Fit.from_dict(row) for row in data["fits"]),
            tuple(data["history"]),
            data["choice"],
            str(data["digest"]),
        )
        same = data["study"]["digest"] == study.digest
        fitting = all(
            len(fit.climb.position) == len(found.preparations[fit.left_out].columns) + 1
            for fit in found.fits
        )
    except (AttributeError, KeyError, TypeError, ValueError, PredictorError) as error:
        raise unreadable(path, error) from None
    if not (same and fitting):
        rule = "its study, its coefficients and their columns do not fit together"
        raise ExchangeError(str(path), rule, "Ask the coordinator to send it again.")
    return found


def unreadable(path: Path, error: Exception) -> ExchangeError:
    """A file whose digest holds and whose content is not what it must be."""
    rule = NO_ROUND.format(kind=type(error).__name__)
    return ExchangeError(str(path), rule, "All centres need the same version of this package.")


def _one_of(given: Any, known: tuple[Any, ...]) -> Any:
    if given not in known:
        raise ValueError("a word is not known")
    return given
