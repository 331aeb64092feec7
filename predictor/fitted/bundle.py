"""The bundle: a folder that can be mailed, reviewed as text and loaded without running anything.

``manifest.json`` says what the model is and holds the digest of every other file; ``model.json``
and ``preparation.json`` are the model itself, as numbers. Only an estimator that is not linear
needs a skops file beside them, which is loaded against a list of types that stands in this code.
No pickle, and no row of any patient.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor import shipped
from predictor.clinical.variable import Variable
from predictor.errors import BundleError, DocumentError, PredictorError
from predictor.fitted.folder import check_writable, finish_swap, replace_folder
from predictor.fitted.models import EstimatorModel, LinearModel, Model
from predictor.fitted.preparation import Preparation

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
TRACKING = "tracking.json"
"""Written after the run was sent; outside all digests, so sending does not change the bundle."""

_MODEL_FILES = ("estimator.skops", "model.json", "preparation.json")

# Types a skops file may hold beyond those that skops itself trusts. All three are compiled or
# plain containers of tree nodes and terms; none runs code when it is loaded.
_TRUSTED_TYPES = {
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "interpret.glassbox._ebm._ebm.ExplainableBoostingClassifier",
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A loaded bundle.

    Parameters
    ----------
    path
        The folder.
    manifest
        Content of ``manifest.json``.
    variables
        The predictors, in the order the preparation expects them.
    exclusions
        Exclusion criteria of the study; a patient who has one gets no prediction.
    preparation, model
        What turns a patient's values into a probability.
    """

    path: Path
    manifest: Mapping[str, Any]
    variables: tuple[Variable, ...]
    exclusions: tuple[Variable, ...]
    preparation: Preparation
    model: Model

    @property
    def name(self) -> str:
        """Name given in the configuration."""
        return str(self.manifest["name"])

    @property
    def digest(self) -> str:
        """Digest of the model's files alone; a rewritten report does not change it."""
        return str(self.manifest["model"]["digest"])


def save_bundle(
    folder: Path,
    manifest: Mapping[str, Any],
    preparation: Preparation,
    model: Model,
    files: Mapping[str, bytes],
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

    Raises
    ------
    BundleError
        If the place cannot be written or holds something that is not a bundle.
    """
    content = dict(files)
    content["preparation.json"] = _json(preparation.to_dict())
    if isinstance(model, LinearModel):
        kind, described = "linear", model.to_dict()
    else:
        kind, described = "estimator", {"kind": model.kind}
        content["estimator.skops"] = _dump_estimator(model)
    content["model.json"] = _json(described)

    digests = {name: digest_of(data) for name, data in sorted(content.items())}
    complete = {
        **manifest,
        "format_version": FORMAT_VERSION,
        "model": {
            **manifest.get("model", {}),
            "kind": kind,
            "digest": _model_digest(digests),
        },
        "files": digests,
    }
    complete["manifest_digest"] = _manifest_digest(complete)
    content[MANIFEST] = _json(complete)

    def write(target: Path) -> None:
        for name, data in content.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    replace_folder(folder.absolute(), write, may_replace=is_bundle)


def is_bundle(folder: Path) -> bool:
    """Whether a folder looks like a bundle of ours, so that it may be replaced by a new one."""
    return (folder / MANIFEST).is_file() and (folder / "model.json").is_file()


def check_destination(folder: Path) -> None:
    """Say before any fitting whether a bundle could be written to ``folder``; see BundleError."""
    check_writable(folder.absolute(), may_replace=is_bundle)


def load_bundle(model: str | Path) -> Bundle:
    """Load and check a bundle.

    Parameters
    ----------
    model
        Path of a bundle, or the bare name of a shipped one.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If there is none, a file is missing, altered or cut short, or its format is newer.
    """
    folder = locate_bundle(model)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    try:
        dictionary = {
            name: Variable.from_dict(entry) for name, entry in manifest["dictionary"].items()
        }
        variables = tuple(dictionary[name] for name in manifest["predictors"])
        preparation = Preparation.from_dict(_read_json(folder / "preparation.json"))
        described = _read_json(folder / "model.json")
        fitted: Model
        if manifest["model"]["kind"] == "linear":
            fitted = LinearModel.from_dict(described)
            if len(fitted.coefficients) != len(preparation.columns):
                raise BundleError(str(folder), "the model and its preparation do not fit together")
        else:
            fitted = EstimatorModel(_load_estimator(folder), described["kind"])
    except (AttributeError, KeyError, TypeError, ValueError, DocumentError) as error:
        raise BundleError(
            str(folder), f"the bundle is damaged ({type(error).__name__})", "Get it again."
        ) from None
    if preparation.names != tuple(manifest["predictors"]):
        raise BundleError(str(folder), "the preparation is for other predictors", "Get it again.")
    exclusions = tuple(variable for variable in dictionary.values() if variable.exclusion)
    return Bundle(folder, manifest, variables, exclusions, preparation, fitted)


def locate_bundle(model: str | Path) -> Path:
    """Folder of a bundle given by path or shipped name; an interrupted swap is finished first."""
    path = Path(model)
    with contextlib.suppress(OSError, ValueError):  # read-only or impossible: told below
        finish_swap(path.absolute())
    folder = shipped.find(model, "models")
    if folder is None:
        names = ", ".join(shipped.shipped_names("models")) or "none"
        raise BundleError(
            str(model)[:200],
            "no such bundle",
            f"Give the folder that `predictor train` wrote, or a shipped model ({names}).",
        )
    return folder


def read_manifest(folder: Path) -> dict[str, Any]:
    """Content of ``manifest.json``, checked against its own digest and our format version."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(
            str(folder), f"{MANIFEST} is missing, so this is no bundle", "Check the path."
        )
    try:
        manifest: dict[str, Any] = _read_json(path)
    except PredictorError as error:
        raise BundleError(
            str(path), f"the file is damaged: {error.rule}", "Get it again."
        ) from None
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int):
        raise BundleError(str(path), "this is no manifest of a bundle", "Check the path.")
    if version > FORMAT_VERSION:
        raise BundleError(
            str(folder),
            f"the bundle has format {version}, newer than {FORMAT_VERSION}, the newest known here",
            "Install a newer version of this package.",
        )
    if manifest.get("manifest_digest") != _manifest_digest(manifest):
        raise BundleError(str(path), "the file was altered after it was written", "Get it again.")
    return manifest


def digest_of(data: bytes) -> str:
    """Digest of some bytes as the manifest writes it: ``"sha256:..."``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Hold every file against its digest; BundleError names the first that fails."""
    files = manifest.get("files")
    if not isinstance(files, dict) or not {"model.json", "preparation.json"} <= files.keys():
        raise BundleError(str(folder), "the manifest does not list the model's files")
    for name, digest in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BundleError(str(folder), "a file of the bundle lies outside its folder")
        try:
            data = path.read_bytes()
        except OSError:
            raise BundleError(str(path), "the file is missing", "Get the bundle again.") from None
        if digest_of(data) != digest:
            raise BundleError(
                str(path),
                "the file was altered or cut short after the bundle was written",
                "Get the bundle again.",
            )
    if _model_digest(files) != manifest["model"]["digest"]:
        raise BundleError(str(folder), "the model's digest does not match its files")


def _model_digest(digests: Mapping[str, str]) -> str:
    listed = "".join(f"{name} {digests[name]}\n" for name in _MODEL_FILES if name in digests)
    return digest_of(listed.encode())


def _manifest_digest(manifest: Mapping[str, Any]) -> str:
    return digest_of(_json({k: v for k, v in manifest.items() if k != "manifest_digest"}))


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _read_json(path: Path) -> Any:
    from predictor.documents import load_json

    return load_json(path, limit=256 * 1024 * 1024).data


def _dump_estimator(model: EstimatorModel) -> bytes:
    import skops.io

    data: bytes = skops.io.dumps(model.estimator)
    unexpected = set(skops.io.get_untrusted_types(data=data)) - _TRUSTED_TYPES
    if unexpected:
        raise BundleError("model", f"types that cannot be bundled: {', '.join(sorted(unexpected))}")
    return data


def _load_estimator(folder: Path) -> Any:
    import skops.io

    path = folder / "estimator.skops"
    try:
        unexpected = set(skops.io.get_untrusted_types(file=path)) - _TRUSTED_TYPES
        if unexpected:
            raise BundleError(
                str(path), f"holds types that are not trusted: {', '.join(sorted(unexpected))}"
            )
        return skops.io.load(path, trusted=sorted(_TRUSTED_TYPES))
    except ImportError:
        raise BundleError(
            str(path),
            "the model needs an optional package that is not installed",
            'Install it: python -m pip install "sle-ivig-predictor[ebm]".',
        ) from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BundleError(str(path), f"cannot be loaded ({type(error).__name__})") from None
