"""The bundle: a folder that can be mailed, reviewed as text and loaded without running anything.

``manifest.json`` says what the model is and holds the digest of every other file; ``model.json``
and ``preparation.json`` are the model itself, as numbers. Only an estimator that is not linear
needs a skops file beside them, which is loaded against a list of types that stands in this code.
No pickle, and no row of any patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from predictor.clinical.dictionary import Dictionary
from predictor.clinical.variable import Range, Variable
from predictor.errors import BundleError, PredictorError
from predictor.fitted.bundle_parts import calibration_of, moments_of, parsed, replicates_of
from predictor.fitted.description import as_text
from predictor.fitted.folder import check_writable, replace_folder
from predictor.fitted.hazard_model import KIND as HAZARDS
from predictor.fitted.hazard_model import HazardModel, HazardPart, HazardReplicates, hazard_part
from predictor.fitted.location import locate_bundle
from predictor.fitted.models import LinearModel, Model
from predictor.fitted.moments import FILE as MOMENTS
from predictor.fitted.moments import Moments
from predictor.fitted.preparation import Preparation
from predictor.fitted.promises import population_limits, promises
from predictor.fitted.replicates import FILE as REPLICATES
from predictor.fitted.replicates import Replicates
from predictor.fitted.seal import (
    FORMAT_VERSION,
    MANIFEST,
    check_files,
    digest_of,
    json_bytes,
    model_digest,
    read_manifest,
    sealed,
)
from predictor.fitted.state_model import StateModel
from predictor.fitted.state_part import KIND as STATES
from predictor.fitted.state_part import StatePart, state_part
from predictor.fitted.state_replicates import StateReplicates
from predictor.fitted.venn_abers import FILE as CALIBRATION_RANGE
from predictor.fitted.venn_abers import VennAbers

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST",
    "MODEL_CARD",
    "REPORT",
    "REPORT_JSON",
    "TRACKING",
    "Bundle",
    "check_destination",
    "check_files",
    "foreign_to_bundle",
    "load_bundle",
    "locate_bundle",
    "open_bundle",
    "read_manifest",
    "refuse_states",
    "save_bundle",
]

TRACKING = "tracking.json"
"""Written after the run was sent; outside all digests, so sending does not change the bundle."""

REPORT, REPORT_JSON, MODEL_CARD = "report.html", "report.json", "model_card.md"
"""Written again from the rest of the bundle whenever that is wanted; outside all digests, too."""

_BESIDE = {MANIFEST, ".complete"} | {
    name
    for beside in (TRACKING, REPORT, REPORT_JSON, MODEL_CARD)
    for name in (beside, f".{beside}.new")
}
"""What may lie in a bundle without being listed in its manifest."""

_AGAIN = "Get the bundle again."
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, repr=False)
class Bundle:
    """A loaded bundle; ``print()`` says in a few lines what it is.

    Parameters
    ----------
    path
        The folder.
    manifest
        Content of ``manifest.json``.
    dictionary
        The variables of the study.
    variables
        The predictors, in the order the preparation expects them.
    exclusions
        Exclusion criteria of the study; a patient who has one gets no prediction.
    most_missing
        Largest share of predictors that may be missing.
    preparation, model
        What turns a patient's values into a probability.
    moments
        What is typical and how far is far; None in a bundle of an earlier version.
    replicates
        Bootstrap replicates of a linear model; None where there are none.
    calibration
        Calibration range of a model that is not linear; None where there is none.
    limits
        Who belongs to the model's population, by variable; others get no prediction.
    states
        The model of several states; ``model`` is then the sum of its best one. None otherwise.
    hazards
        The model of a time; ``model`` is then its log hazard ratio. None otherwise.
    """

    path: Path
    manifest: Mapping[str, Any]
    dictionary: Dictionary
    variables: tuple[Variable, ...]
    exclusions: tuple[Variable, ...]
    most_missing: float
    preparation: Preparation
    model: Model
    moments: Moments | None = None
    replicates: Replicates | None = None
    calibration: VennAbers | None = None
    limits: Mapping[str, Range] = field(default_factory=dict)
    states: StatePart | None = None
    hazards: HazardPart | None = None

    @property
    def criteria(self) -> tuple[Variable, ...]:
        """What is read beside the predictors because it can rule a patient out."""
        predictors = {variable.name for variable in self.variables}
        limited = [self.dictionary.variable(n) for n in self.limits if n not in predictors]
        return (*limited, *self.exclusions)

    @property
    def name(self) -> str:
        """Name given in the configuration."""
        return str(self.manifest["name"])

    @property
    def digest(self) -> str:
        """Digest of the model's files alone; a rewritten report does not change it."""
        return str(self.manifest["model"]["digest"])

    def __str__(self) -> str:
        return as_text(self.manifest, str(self.path))

    def __repr__(self) -> str:
        return f"<Bundle {self.name!r}, {self.digest[:19]}, {self.path}>"


def save_bundle(
    folder: Path,
    manifest: Mapping[str, Any],
    preparation: Preparation,
    model: Model | StateModel | HazardModel,
    files: Mapping[str, bytes],
    *,
    moments: Moments | None = None,
    replicates: Replicates | StateReplicates | HazardReplicates | None = None,
    calibration: VennAbers | None = None,
) -> None:
    """Write a bundle atomically.

    Parameters
    ----------
    folder
        Where to; an earlier bundle there is replaced as a whole.
    manifest
        Everything but the digests, which are added here.
    preparation, model
        The fitted model.
    files
        Further files by relative path, such as tables and figures.
    moments, replicates, calibration
        What answers say of distance, gaps and uncertainty; left out where None.

    Raises
    ------
    BundleError
        If the place cannot be written or holds something that is not a bundle.
    """
    content = dict(files)
    content["preparation.json"] = json_bytes(preparation.to_dict())
    if isinstance(model, LinearModel):
        kind, described = "linear", model.to_dict()
    elif isinstance(model, StateModel | HazardModel):
        kind = STATES if isinstance(model, StateModel) else HAZARDS
        described = model.to_dict()
    else:
        from predictor.fitted.estimator import dump_estimator

        kind, described = "estimator", {"kind": model.kind}
        content["estimator.skops"] = dump_estimator(model)
    content["model.json"] = json_bytes(described)
    if moments is not None:
        content[MOMENTS] = json_bytes(moments.to_dict())
    if replicates is not None:
        content[REPLICATES] = replicates.to_bytes()
    if calibration is not None:
        content[CALIBRATION_RANGE] = json_bytes(calibration.to_dict())

    digests = {name: digest_of(data) for name, data in sorted(content.items())}
    described_model = {**manifest.get("model", {}), "kind": kind, "digest": model_digest(digests)}
    content[MANIFEST] = sealed(
        {
            **manifest,
            "format_version": FORMAT_VERSION,
            "model": described_model,
            "files": digests,
        }
    )

    replace_bundle(folder, content)


def replace_bundle(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write the files of a bundle atomically, its manifest among them; see BundleError.

    Parameters
    ----------
    folder
        Where to; an earlier bundle there is replaced.
    content
        Path inside the bundle -> bytes.
    """

    def write(target: Path) -> None:
        for name, data in content.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    replace_folder(folder, write, foreign=foreign_to_bundle)


def check_destination(folder: Path) -> None:
    """Say before any fitting whether a bundle could be written to ``folder``; see BundleError."""
    check_writable(folder, foreign=foreign_to_bundle)


def foreign_to_bundle(folder: Path) -> list[str]:
    """Names in a folder that no bundle of ours put there; all of them if it is no bundle."""
    try:
        ours = {name.partition("/")[0] for name in read_manifest(folder)["files"]} | _BESIDE
    except (BundleError, KeyError, TypeError):
        ours = set()
    return [path.name for path in folder.iterdir() if path.name not in ours]


def load_bundle(model: str | Path) -> Bundle:
    """Load and check the bundle of an event; see `open_bundle`.

    Raises
    ------
    BundleError
        As there, and for a model of several states.
    """
    bundle = open_bundle(model)
    refuse_states(bundle)
    return bundle


def refuse_states(bundle: Bundle) -> None:
    """Say that something is not made for models of states or of a time; see BundleError."""
    if bundle.states is None and bundle.hazards is None:
        return
    told = "several states" if bundle.states is not None else "when an event happens"
    raise BundleError(
        str(bundle.path),
        f"it tells {told}, and this is made for models of one event so far",
        "`predictor predict` takes it; or train a model of one event.",
    )


def open_bundle(model: str | Path) -> Bundle:
    """Load and check a bundle of any kind.

    Parameters
    ----------
    model
        Path of a bundle, the bare name of a shipped one, or the address of a registered one, as
        ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If there is none, a file is missing, altered or cut short, or its format is newer.
    TrackingError
        If the registry of an address does not answer, or does not know the model.
    """
    for _ in range(_ATTEMPTS):
        folder = locate_bundle(model)
        before = stamp(folder)
        try:
            return _load(folder, read_manifest(folder))
        except BundleError:
            # A training may have replaced the folder between two files: then the new one counts.
            if before and stamp(folder) == before:
                raise
    return _load(folder, read_manifest(folder))


def stamp(folder: Path) -> tuple[int, ...]:
    """What tells one writing of a bundle from the next; empty where there is none."""
    try:
        found = (folder / MANIFEST).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _load(folder: Path, manifest: Mapping[str, Any]) -> Bundle:
    content = check_files(folder, manifest)
    place = str(folder / MANIFEST)
    try:
        entries: Mapping[str, object] = manifest["dictionary"]
        known = {name: Variable.from_dict(entry) for name, entry in entries.items()}
        variables = tuple(known[name] for name in manifest["predictors"])
        kind, most_missing = promises(manifest, known)
        limits = population_limits(manifest, known)
    except (AttributeError, KeyError, TypeError, ValueError, PredictorError) as error:
        rule = f"the manifest is incomplete or breaks its own rules ({type(error).__name__})"
        raise BundleError(place, rule, _AGAIN) from None
    names = tuple(variable.name for variable in variables)
    where = str(folder / "preparation.json")
    preparation = Preparation.from_dict(parsed(where, content["preparation.json"]), where)
    if preparation.names != names:
        raise BundleError(where, "it prepares other predictors than the manifest names", _AGAIN)
    where = str(folder / "model.json")
    described = parsed(where, content["model.json"])
    fitted: Model
    several: StatePart | None = None
    timed: HazardPart | None = None
    if kind == STATES:
        sizes = len(variables), len(preparation.columns)
        several = state_part(manifest, described, content, sizes, str(folder))
        fitted = several.model.of_best()
    elif kind == HAZARDS:
        timed = hazard_part(manifest, described, content, len(preparation.columns), str(folder))
        fitted = LinearModel(0.0, timed.model.coefficients[0])
    elif kind == "linear":
        fitted = LinearModel.from_dict(described, where)
        if len(fitted.coefficients) != len(preparation.columns):
            raise BundleError(where, "the model and its preparation do not fit together", _AGAIN)
    else:
        from predictor.fitted.estimator import load_estimator

        archive = folder / "estimator.skops"
        if archive.name not in content:
            raise BundleError(str(archive), "the manifest does not list the estimator")
        claimed = described.get("kind") if isinstance(described, dict) else None
        columns = len(preparation.columns)
        fitted = load_estimator(content[archive.name], claimed, columns, str(archive))
    return Bundle(
        folder,
        manifest,
        Dictionary(str(manifest["name"]), known),
        variables,
        tuple(variable for variable in known.values() if variable.exclusion),
        most_missing,
        preparation,
        fitted,
        moments_of(folder, content, len(variables)),
        None if several or timed else replicates_of(folder, content, len(variables)),
        calibration_of(folder, content),
        limits,
        several,
        timed,
    )
