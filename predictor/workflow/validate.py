"""``predictor validate``: a bundle on patients who took no part in making it, never refitted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.uncertainty import score
from predictor.cohort.cohort import Cohort
from predictor.cohort.elsewhere import Mapped, read_elsewhere
from predictor.errors import CohortError
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.fitted.folder import sole_writer
from predictor.fitted.location import why_it_stays
from predictor.fitted.revision import next_version, revise_bundle
from predictor.fitted.seal import json_bytes
from predictor.learning.splits import derived_seed
from predictor.new_cohort import load_new_cohort
from predictor.performance.evaluation import evaluate
from predictor.study import Study
from predictor.validation.case_mix import case_mix
from predictor.validation.centres import centre_results, centre_summaries
from predictor.validation.curves import curves
from predictor.validation.evidence import DEMONSTRATION, tried_elsewhere
from predictor.validation.external import (
    EXTERNALLY_VALIDATED,
    FEWEST_EVENTS,
    ByCentre,
    ExternalValidation,
    Origin,
    as_rows,
    left_out,
    statement,
    summary,
)
from predictor.validation.external_file import EXTERNAL, external_validations
from predictor.validation.reached import precision_reached
from predictor.workflow.files import check_suffix, check_targets, write_file
from predictor.workflow.findings import plain
from predictor.workflow.manifest import environment, now
from predictor.workflow.other_patients import open_elsewhere
from predictor.workflow.report import write_report

if TYPE_CHECKING:
    import pandas as pd

ENTRY = "external_validations"
"""Entry of a manifest: the key figures of the model's external validations, oldest first."""

_LEVEL = 0.95
_SEED = 31


@dataclass(frozen=True, slots=True)
class Validated:
    """A validation, and where it was recorded.

    Parameters
    ----------
    bundle
        The model as it was validated.
    found
        What came out.
    recorded
        Folder of the new version of the bundle; None where it was not recorded.
    version
        Version of the bundle that holds the result.
    level
        Level of evidence from now on.
    why_not
        Why it was not recorded; empty if it was, or was not to be.
    """

    bundle: Bundle
    found: ExternalValidation
    recorded: Path | None
    version: str
    level: str
    why_not: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The JSON of design section 4."""
        return {
            "model": {
                "name": self.bundle.name,
                "version": self.version,
                "digest": self.bundle.digest,
            },
            "bundle": None if self.recorded is None else str(self.recorded),
            "evidence": self.level,
            **self.found.to_dict(),
        }


def validate(
    model: str | Path,
    data: str | Path | pd.DataFrame,
    *,
    mapping: Path | None = None,
    out: Path | None = None,
    record: bool = True,
) -> Validated:
    """Validate a bundle on new patients.

    Parameters
    ----------
    model
        Bundle, by path or shipped name.
    data
        CSV, Excel or Parquet file with one row per patient, or a data frame.
    mapping
        File that says where the patients come from and how the file writes what the model needs.
    out
        Folder of the new version of the bundle; by default the bundle's own.
    record
        Whether the result is recorded at all.

    Raises
    ------
    BundleError
        If the bundle cannot be loaded or the new version not written.
    CohortError, ConfigError
        Every problem of the patients or of the mapping at once; nothing is written then.
    """
    bundle = load_bundle(model)
    if out is not None:
        check_targets([out], read=[p for p in (data, mapping) if isinstance(p, str | Path)])
    found = validation_of(bundle, data, mapping=mapping)
    level = EXTERNALLY_VALIDATED if found.lifts else str(bundle.manifest["evidence"]["level"])
    version = str(bundle.manifest["model"]["version"])
    place, why_not = (out or bundle.path, "") if record else (None, "")
    if place is not None and out is None and (stays := why_it_stays(bundle.path)):
        place, why_not = None, stays
    if place is None:
        return Validated(bundle, found, None, version, level, why_not)
    with sole_writer(place):
        changes, files = recorded(bundle, found)
        revise_bundle(bundle, place, changes, files)
        write_report(place)
    return Validated(bundle, found, place, next_version(version), level)


def validation_of(
    bundle: Bundle, data: str | Path | pd.DataFrame, *, mapping: Path | None = None
) -> ExternalValidation:
    """Try a model on new patients, and write nothing; as :func:`validate`."""
    mapped = None if mapping is None else Mapped(*load_new_cohort(mapping))
    study, table = open_elsewhere(bundle, data, mapped)
    absent = () if mapped is None else mapped.new.absent
    cohort = read_elsewhere(bundle, study, table, absent)
    check_outcomes(cohort, table.source)
    probability = score(bundle, cohort.values).probability
    thresholds = study.config.validation.thresholds
    evaluation = evaluate(cohort.outcome, probability, thresholds=thresholds, level=_LEVEL)
    development = int(bundle.manifest.get("cohort", {}).get("patients", 0))
    mix = case_mix(bundle.variables, cohort.values, probability, bundle.moments, development)
    return ExternalValidation(
        origin=_origin(mapped, table.source),
        source=table.source,
        cohort_digest=cohort.patients_digest,
        simulated=cohort.simulated,
        demonstration=bundle.manifest["evidence"]["level"] == DEMONSTRATION,
        flow=cohort.flow,
        left_out=left_out(cohort),
        warnings=as_rows(cohort),
        absent=tuple(absent),
        repeated=cohort.patient is not None and len(np.unique(cohort.patient)) < cohort.patients,
        evaluation=evaluation,
        mix=mix,
        reached=precision_reached(evaluation),
        by_centre=_by_centre(cohort, probability, thresholds),
        curves=_curves(cohort, probability, study),
        cell_size=study.config.privacy.cell_size,
    )


def check_outcomes(cohort: Cohort, source: str) -> None:
    """Refuse patients whose outcomes are too few or too alike for any figure.

    Raises
    ------
    CohortError
        Saying how many there are of each.
    """
    events, others = cohort.events, cohort.patients - cohort.events
    if min(events, others) < FEWEST_EVENTS:
        raise CohortError(
            source,
            f"{events} of {cohort.patients} patients have the event, and {others} have not: with "
            f"fewer than {FEWEST_EVENTS} of either, no figure can be relied on",
            "Wait for more patients; an external validation needs 100 of each.",
        )


def recorded(bundle: Bundle, found: ExternalValidation) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the next version of a bundle says otherwise: the manifest's entries, and files."""
    manifest = bundle.manifest
    before = external_validations(bundle)
    made = {"made": now(), "model_version": manifest["model"]["version"]}
    entry = plain({**found.shareable(), **made, "packages": environment()["packages"]})
    if any(entry["cohort_digest"] == old["cohort_digest"] for old in before):
        raise CohortError(
            found.source,
            "the model was validated on these very patients before, and the result is recorded",
            "`predictor report` shows it; --dry-run tells the figures again.",
        )
    evidence = dict(manifest["evidence"])
    if found.lifts:
        evidence["level"] = EXTERNALLY_VALIDATED
    evidence["statement"] = f"{statement(found)} {tried_elsewhere(evidence['statement'])}"
    listed = [*manifest.get(ENTRY, []), {**summary(entry), **made}]
    return {"evidence": evidence, ENTRY: listed}, {EXTERNAL: json_bytes([*before, entry])}


def write_validation(validated: Validated, path: Path) -> None:
    """Write the result as JSON, whole or not at all."""
    check_suffix(path, ".json")
    text = json.dumps(validated.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_file(path, f"{text}\n".encode())


def _origin(mapped: Mapped | None, source: str) -> Origin:
    stem = Path(source).stem or source
    if mapped is None:
        return Origin(stem, (), "")
    setting = mapped.new.setting
    return Origin(mapped.new.name or stem, setting.differs_by, setting.description or "")


def _by_centre(
    cohort: Cohort, probability: NDArray[np.float64], thresholds: Sequence[float]
) -> ByCentre | None:
    if cohort.group is None or cohort.group_kind != "centre":
        return None
    codes, members = np.unique(cohort.group, return_inverse=True)
    if len(codes) < 2:
        return None
    members = members.reshape(-1).astype(np.int64)
    sizes = []
    for k in range(len(codes)):
        inside = members == k
        events = int(cohort.outcome[inside].sum())
        sizes.append((int(inside.sum()), events, int(inside.sum()) - events))
    rows = centre_results(
        cohort.outcome,
        probability,
        members,
        codes,
        sizes,
        thresholds=thresholds,
        level=_LEVEL,
    )
    return ByCentre(rows, centre_summaries(rows, _LEVEL))


def _curves(cohort: Cohort, probability: NDArray[np.float64], study: Study) -> Mapping[str, Any]:
    """Calibration and decision curve; the predictions are fixed, so that nothing is folded."""
    plan, together = study.config.validation, np.zeros((1, cohort.patients), dtype=np.int64)
    found = curves(
        cohort.outcome,
        probability,
        probability[None],
        together,
        cohort.patient,
        constant=bool(np.ptp(probability) == 0.0),
        thresholds=plan.thresholds,
        cell_size=study.config.privacy.cell_size,
        seed=derived_seed(plan.seed, _SEED),
    )
    return {key: found[key] for key in ("level", "draws", "calibration", "decision")}
