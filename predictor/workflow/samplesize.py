"""``predictor samplesize``: how many patients a question needs, before anybody collects them."""

from __future__ import annotations

from dataclasses import dataclass

from predictor.errors import LearningError
from predictor.report.samplesize_text import sample_size_text
from predictor.validation import samplesize, validationsize
from predictor.validation.samplesize import SampleSize
from predictor.validation.validationsize import ValidationSize


@dataclass(frozen=True, slots=True)
class SampleSizeAnswer:
    """What the criteria ask for.

    Parameters
    ----------
    needed
        Patients to develop the model.
    over_c
        The same for a range of anticipated C statistics.
    validation
        Patients for its external validation; None where no C statistic was given.
    verdict
        What there is against what is needed; None where nothing was said of what there is.
    """

    needed: SampleSize
    over_c: tuple[SampleSize, ...]
    validation: ValidationSize | None
    verdict: str | None

    def __str__(self) -> str:
        return sample_size_text(self.needed, self.over_c, self.validation, self.verdict)

    def to_dict(self) -> dict[str, object]:
        """Return the answer as JSON data; ``n, events, epp, criteria`` are a contract."""
        return {
            **self.needed.to_dict(),
            "verdict": self.verdict,
            "over_auroc": [
                {"auroc": size.c, "n": size.n, "events": size.events, "epp": size.epp}
                for size in self.over_c
            ],
            "validation": self.validation.to_dict() if self.validation else None,
        }


def sample_size(
    prevalence: float,
    parameters: int,
    *,
    auroc: float | None = None,
    r2: float | None = None,
    nagelkerke: float | None = None,
    patients: int | None = None,
    events: int | None = None,
) -> SampleSizeAnswer:
    """Patients needed to develop a model of a binary outcome.

    Parameters
    ----------
    prevalence
        Share of patients with the event.
    parameters
        Candidate parameters: every predictor, indicator and dummy variable.
    auroc, r2, nagelkerke
        At most one: anticipated C statistic, Cox-Snell or Nagelkerke R-squared. Without any,
        15% of the largest Cox-Snell R-squared.
    patients, events
        What there is, for the verdict; events are ``patients * prevalence`` where not given.

    Raises
    ------
    LearningError
        If a number is out of its range.
    """
    if auroc is None and r2 is None and nagelkerke is None:
        needed = samplesize.for_training(prevalence, parameters)
    else:
        needed = samplesize.required(prevalence, parameters, c=auroc, r2=r2, nagelkerke=nagelkerke)
    return SampleSizeAnswer(
        needed,
        samplesize.table_over_c(prevalence, parameters),
        None if auroc is None else validationsize.for_validation(prevalence, auroc),
        None if patients is None else _verdict(needed, patients, events),
    )


def _verdict(needed: SampleSize, patients: int, events: int | None) -> str:
    if patients < 1:
        raise LearningError("patients", "there must be at least one")
    known = round(patients * needed.prevalence) if events is None else events
    if not 0 <= known <= patients:
        raise LearningError("events", "there cannot be more events than patients, nor fewer than 0")
    return samplesize.verdict(needed, patients, known)
