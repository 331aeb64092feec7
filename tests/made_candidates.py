"""Orders of made-up patients, for the tests of what makes and shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from predictor.clinic.beside import Beside, read_beside
from predictor.clinic.candidate_list import CandidateList
from predictor.clinic.prediction import Predictions, RefusedPatient, cached_bundle
from predictor.clinic.prices import Prices
from predictor.clinic.ranking import list_candidates
from predictor.clinical.unchecked import load_treatment
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle

PRICES = Prices("made up", "EUR", 60.0, 2.0, 6.0, "weight", weight_default=70.0)
"""72 g of drug per 36 kg; 720 EUR for each kilogram."""

REFUSED = RefusedPatient("P90", 91, (Reason("impossible_value", "c3", "is impossible."),))


@dataclass(frozen=True)
class Made:
    """A patient with a prediction, as the lists read it."""

    patient: str | None
    probability: float
    low: float | None = None
    high: float | None = None
    inside: bool = True
    imputed: tuple[str, ...] = ()
    warnings: tuple[Reason, ...] = ()
    beside: Mapping[str, object] | None = None

    def prediction(self, level: float | None, method: str) -> Any:
        interval = None
        if self.low is not None:
            interval = SimpleNamespace(level=level, low=self.low, high=self.high, method=method)
        return SimpleNamespace(
            patient=self.patient,
            probability=self.probability,
            imputed=self.imputed,
            warnings=self.warnings,
            interval=interval,
            applicability=SimpleNamespace(
                inside=self.inside, distance_percentile=0.5 if self.inside else 0.993
            ),
            validation="Cross-validated AUROC 0.70.",
        )


@cache
def bundle() -> Bundle:
    return cached_bundle("remission")


def listed(
    patients: Sequence[Made],
    *,
    refused: Sequence[RefusedPatient] = (),
    level: float | None = 0.95,
    method: str = "bootstrap",
    prices: Prices | None = None,
    **more: Any,
) -> CandidateList:
    """The list of some patients, whose rows are 2, 3, ... in the order given."""
    rows = tuple(range(2, len(patients) + 2))
    beside: dict[int, Beside] = {}
    columns: set[str] = set()
    for row, patient in zip(rows, patients, strict=True):
        entries = patient.beside or {}
        columns |= set(entries)
        weight = None if prices is None else prices.weight_column
        beside[row] = read_beside(
            entries, bundle().dictionary, load_treatment(), weight_column=weight
        )
    answers = Predictions(
        tuple(p.prediction(level, method) for p in patients), rows, tuple(refused)
    )
    return list_candidates(
        answers,
        beside,
        bundle(),
        load_treatment(),
        source="made-up.csv",
        prices=prices,
        **({"columns": columns} | more),
    )


def many(n: int) -> list[Made]:
    """Patients whose probability falls evenly from 0.98 to 0.02, every eleventh of them outside."""
    made = []
    for i in range(n):
        p = 0.98 - 0.96 * i / max(1, n - 1)
        reach = 0.9 * min(p, 1 - p)
        made.append(Made(f"P{i:04d}", p, p - reach, p + reach, inside=i % 11 != 10))
    return made
