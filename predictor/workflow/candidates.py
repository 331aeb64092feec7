"""``predictor candidates``: from a cohort to the order of its patients, and to files of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from predictor.clinic.beside import Beside, read_beside
from predictor.clinic.candidate_list import CandidateList
from predictor.clinic.intake import is_table, read_many
from predictor.clinic.patient import identifier_of
from predictor.clinic.prediction import cached_bundle, predict_rows
from predictor.clinic.prices import Prices, load_prices
from predictor.clinic.ranked_state import (
    answers_of_state,
    bundle_of_state,
    notes_of_state,
    place_of,
)
from predictor.clinic.ranking import list_candidates
from predictor.clinic.table_columns import columns_of
from predictor.clinical.cells import SIMULATED, is_missing, marks_simulated
from predictor.clinical.unchecked import Treatment, load_treatment
from predictor.errors import BundleError, CohortError, DocumentError, PredictorError, Reason
from predictor.fitted.bundle import Bundle, refuse_states
from predictor.report.spreadsheet import csv_bytes
from predictor.workflow.files import check_suffix, write_file

SUFFIXES = (".csv", ".json", ".html")
FIGURE_SUFFIX = ".png"

_COLUMNS = (
    "patient", "row", "rank", "tied", "probability", "low", "high", "selected", "cost",
    "weight_assumed", "imputed", "warnings", "on_record", "not_filled", "without_rank", "evidence",
)  # fmt: skip


def candidates_file(
    cohort: Path,
    model: str | Path,
    *,
    threshold: float | None = None,
    budget: float | None = None,
    prices: str | Path | None = None,
    demonstration: bool = False,
    decimal: str = ".",
    ignore_unknown: bool = False,
    state: str | None = None,
) -> CandidateList:
    """Order the patients of a cohort by the predicted probability of the model's event.

    Parameters
    ----------
    cohort
        CSV or Parquet, one row a patient, read as ``predictor predict`` reads it.
    model
        Bundle, by path or shipped name.
    threshold
        Lowest probability that is selected, above 0 and below 1.
    budget
        Most that may be spent, in the currency of the prices; needs them.
    prices
        YAML file, or the name of a shipped example.
    demonstration
        Whether a model of simulated patients is let pass.
    decimal
        Decimal sign of a CSV file.
    ignore_unknown
        Whether columns that are no variables of the bundle are left unread.
    state
        Of a model of several states the one whose probability orders; the best one by default.

    Raises
    ------
    BundleError
        If the model is of simulated patients, or predicts what nobody chooses patients by.
    DocumentError
        If a file cannot be read, or the cohort has unknown columns.
    CohortError
        If the cohort has no patients, or a patient twice, or a weight is needed and not there.
    PredictorError
        If threshold or budget are out of range.
    """
    _check_numbers(threshold, budget, prices)
    bundle = cached_bundle(model)
    if bundle.hazards is not None:
        refuse_states(bundle)
    place = place_of(bundle, state)
    treatment = load_treatment()
    _check_bundle(
        bundle if place is None else bundle_of_state(bundle, place), treatment, demonstration
    )
    priced = None if prices is None else load_prices(prices)
    if priced is not None:
        _check_weight(priced, bundle, str(prices))
    if not is_table(cohort):
        rule = "a cohort is a table: .csv or .parquet"
        raise DocumentError(str(cohort), rule, "`predictor predict` answers for one patient.")
    table = read_many(cohort)
    columns = columns_of(table, bundle, str(cohort), ignore_unknown=ignore_unknown, beside=True)
    if priced is not None and priced.weight_default is None:
        _check_weighed(priced, table.columns, str(cohort))
    reader = _Reader(bundle, treatment, priced, decimal)
    answers = predict_rows(reader.read(table.rows, columns.left_out), bundle, decimal=decimal)
    if not answers.predictions and not answers.refused:
        raise CohortError(str(cohort), "there are no patients in it", "Check the path.")
    _check_patients(reader.rows_of, str(cohort))
    meanings = columns.meanings
    if place is not None:
        meanings = (*notes_of_state(bundle, place), *meanings)
        answers, bundle = answers_of_state(answers, place), bundle_of_state(bundle, place)
    return list_candidates(
        answers,
        reader.beside,
        bundle,
        treatment,
        source=cohort.name,
        threshold=threshold,
        budget=budget,
        prices=priced,
        columns=table.columns,
        after_treatment=[name for name in table.columns if name in reader.after_treatment],
        simulated=reader.simulated,
        meanings=meanings,
        unread=tuple(columns.unread_notes()),
    )


class _Reader:
    """Hands on the predictors of each row, and keeps what stands beside them."""

    def __init__(
        self, bundle: Bundle, treatment: Treatment, prices: Prices | None, decimal: str
    ) -> None:
        self.beside: dict[int, Beside] = {}
        self.rows_of: dict[str, list[int]] = {}
        self.after_treatment: set[str] = set()
        self.simulated = False
        self._bundle = bundle
        self._treatment = treatment
        self._weight = None if prices is None else prices.weight_column
        self._decimal = decimal

    def read(
        self, rows: Iterator[tuple[int, Mapping[str, object]]], unknown: frozenset[str]
    ) -> Iterator[tuple[int, Mapping[str, object]]]:
        dictionary = self._bundle.dictionary
        for number, row in rows:
            known = {k: v for k, v in row.items() if k not in unknown and k != SIMULATED}
            self.simulated = self.simulated or marks_simulated(row.get(SIMULATED))
            self.after_treatment |= {
                name
                for name, entry in known.items()
                if name not in self.after_treatment
                and name in dictionary
                and dictionary.variable(name).time != "baseline"
                and not is_missing(entry)
            }
            identifier = identifier_of(known)
            if identifier is not None:
                self.rows_of.setdefault(identifier, []).append(number)
            self.beside[number] = read_beside(
                known,
                dictionary,
                self._treatment,
                weight_column=self._weight,
                decimal=self._decimal,
            )
            yield number, known


def candidates_json(found: CandidateList) -> dict[str, Any]:
    """The list as plain data, with the sentences that must go wherever it goes."""
    from predictor.report.candidates_words import must_be_said

    return found.to_dict() | {"notes": list(must_be_said(found))}


def write_candidates(found: CandidateList, path: Path) -> None:
    """Write a list whole or not at all, as CSV, JSON or HTML by the suffix.

    Raises
    ------
    PredictorError
        If the suffix is another one or the place cannot be written.
    """
    suffix = check_suffix(path, *SUFFIXES)
    if suffix == ".csv":
        content = csv_bytes(_COLUMNS, _flat(found))
    elif suffix == ".json":
        text = json.dumps(candidates_json(found), indent=1, ensure_ascii=False, allow_nan=False)
        content = f"{text}\n".encode()
    else:
        from predictor.report.candidates_html import candidates_html

        content = candidates_html(found).encode()
    write_file(path, content)


def write_candidates_figure(found: CandidateList, path: Path) -> None:
    """Draw all patients with their intervals and the cut, and write them as PNG.

    Raises
    ------
    PredictorError
        If the suffix is another one, the place cannot be written or nobody has a probability.
    """
    from predictor.report.candidates_figure import candidates_figure

    check_suffix(path, FIGURE_SUFFIX)
    if not found.candidates and not found.outside:
        raise PredictorError(str(path), "every patient is refused, so there is nothing to draw")
    write_file(path, candidates_figure(found))


def _check_numbers(
    threshold: float | None, budget: float | None, prices: str | Path | None
) -> None:
    if threshold is not None and not 0 < threshold < 1:
        rule = "it must lie between 0 and 1"
        raise PredictorError("threshold", rule, "Write 0.25 for a probability of 25%.")
    if budget is not None and not 0 < budget < 1e15:
        raise PredictorError("budget", "it must be above 0", "Give it in the currency of --prices.")
    if budget is not None and prices is None:
        raise PredictorError(
            "budget",
            "what a patient costs must be stated",
            "Pass --prices FILE; `--prices example` shows what comes out.",
        )


def _check_bundle(bundle: Bundle, treatment: Treatment, demonstration: bool) -> None:
    outcome = bundle.manifest["outcome"]
    name = outcome["name"]
    if name in bundle.dictionary and treatment.is_undesired(
        name, outcome["event"], bundle.dictionary.variable(name)
    ):
        raise BundleError(
            str(bundle.path),
            f"its event is {outcome['label']}: the order would begin with those who fare worst",
            "Use a model of an event that is wished for, such as remission.",
        )
    if bundle.manifest["evidence"]["level"] == "demonstration" and not demonstration:
        raise BundleError(
            str(bundle.path),
            "it was trained on simulated patients, and no real patient may be ordered by it",
            "Pass --demonstration to see how the command works.",
        )


def _check_weight(prices: Prices, bundle: Bundle, where: str) -> None:
    name = prices.weight_column
    if name not in bundle.dictionary or bundle.dictionary.variable(name).unit != "kg":
        rule = f"weight.column {name[:80]!r} is no variable of the model's dictionary in kg"
        raise DocumentError(where, rule, "The cohort's weight is a variable in kg.")
    plausible = bundle.dictionary.variable(name).plausible
    default = prices.weight_default
    if default is not None and plausible is not None and not plausible.contains(default):
        raise DocumentError(where, f"weight.default must be {plausible} kg")


def _check_weighed(prices: Prices, columns: Sequence[str], source: str) -> None:
    if prices.weight_column not in columns:
        rule = f"there is no column {prices.weight_column}, and the prices state no weight.default"
        raise CohortError(source, rule, "Add either.")


def _check_patients(rows_of: Mapping[str, list[int]], source: str) -> None:
    reasons = [
        Reason("repeated_patient", f"rows {', '.join(map(str, rows))}", "are of the same patient.")
        for rows in rows_of.values()
        if len(rows) > 1
    ]
    if reasons:
        rule = "some patients are there more than once, and would be ranked against themselves"
        raise CohortError(source, rule, "Keep one row of each:", reasons=reasons)


def _flat(found: CandidateList) -> Iterator[Mapping[str, Any]]:
    """One row per patient: by rank, then those without one."""
    evidence = found.bundle.manifest["evidence"]["level"]
    for c in found.candidates:
        yield c.to_dict() | {
            "imputed": "; ".join(c.imputed),
            "warnings": "; ".join(map(str, c.warnings)),
            "on_record": "; ".join(remark.entry for remark in c.on_record),
            "not_filled": "; ".join(c.not_filled),
            "without_rank": "",
            "evidence": evidence,
        }
    apart = [(a.reasons, a.to_dict()) for a in found.outside]
    apart += [(r.reasons, r.to_dict()) for r in found.refused]
    for reasons, entry in apart:
        why = "; ".join(map(str, reasons))
        yield entry | {"selected": False, "without_rank": why, "evidence": evidence}
