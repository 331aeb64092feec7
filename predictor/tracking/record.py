"""A bundle as a stream of small facts that an MLflow run is made of.

Nothing here knows a server: the stream is read by tests as it is, and sent by one loop in
:mod:`predictor.tracking.sending`. It holds no row of any patient, because a bundle holds none.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from predictor.fitted.bundle import MANIFEST, read_manifest
from predictor.tracking.reported import report_files, report_tables, reported, verdict_tags
from predictor.tracking.store import strip_credentials
from predictor.validation.reported import with_reported

LONGEST_PARAMETER = 6000
"""Characters MLflow keeps of a parameter; a longer one stands whole in ``config.json``."""

MANIFEST_DIGEST = "predictor.manifest_digest"
"""Tag by which the runs of a bundle are found."""

_LONGEST_KEY = 250
_LONGEST_DIGEST = 36

# Figures of the internal validation that runs are compared by; all others stand in a table.
_CORRECTED = (
    "auroc",
    "brier",
    "scaled_brier",
    "calibration_slope",
    "calibration_intercept",
    "observed_expected",
    "eavg",
)
_MOVED = ("mean_absolute_prediction_error", "mean_width_of_range")

_NEEDED = {"patients": "n", "events": "events"}

_TYPES = {"continuous": "double", "binary": "double", "nominal": "string"}


@dataclass(frozen=True, slots=True)
class Run:
    """A run begins. ``model`` is None for the training itself, else the candidate's name."""

    model: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Tags:
    """Words about a run."""

    model: str | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Params:
    """What the run was told to do, flattened to ``"models.ridge.penalty"``."""

    model: str | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Numbers of a run; those that are not defined are absent."""

    model: str | None
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The cohort without its rows: name, digest, columns and counts."""

    name: str
    digest: str
    columns: tuple[Mapping[str, Any], ...]
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A small file made here from the manifest."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of the bundle; ``path`` is its place among the run's artifacts."""

    path: str
    source: Path


@dataclass(frozen=True, slots=True)
class Model:
    """The bundle as a model that MLflow can load and serve."""

    name: str
    tags: Mapping[str, str]


Fact: TypeAlias = Run | Tags | Params | Metrics | Dataset | Text | File | Model


def record(bundle: Path, *, version: str) -> Iterator[Fact]:
    """Everything a bundle tells about its training, as facts in the order they are sent.

    Parameters
    ----------
    bundle
        Folder of the bundle.
    version
        Version of this package.

    Yields
    ------
    Fact
        The training's run first, then one run per candidate model, files, and the model last, so
        that a run which has its model has everything.

    Raises
    ------
    BundleError
        If the manifest is missing, altered or newer than this package.
    """
    manifest = read_manifest(bundle)
    candidates = manifest.get("validation", {}).get("models", [])
    report = reported(bundle)
    yield Run(None, str(manifest["name"]))
    yield Tags(None, {**_tags(manifest, version), **verdict_tags(report)})
    yield Params(None, flatten(manifest.get("config", {})))
    yield Metrics(None, _training_numbers(manifest, candidates))
    yield _dataset(manifest)
    for candidate in candidates:
        yield from _candidate(candidate)
    yield from _texts(manifest)
    for name, content in report_tables(report):
        yield Text(f"report/tables/{name}", content)
    yield from _files(bundle, manifest)
    yield Model(
        name=_plain_key(str(manifest["name"]))
        .replace("/", "_")
        .replace(".", "_")
        .replace(":", "_"),
        tags={"model_digest": str(manifest["model"]["digest"])},
    )


def flatten(nested: Mapping[str, Any]) -> dict[str, str]:
    """Nested settings as ``{"a.b": "text"}``, within MLflow's limits on keys and values.

    Lists stay whole, as JSON; passwords in addresses are removed.

    >>> flatten({"validation": {"folds": 5}, "models": {"ridge": {"penalty": [0.1, 1]}}})
    {'validation.folds': '5', 'models.ridge.penalty': '[0.1, 1]'}
    """
    flat: dict[str, str] = {}
    for key, value in _leaves(nested, ()):
        text = strip_credentials(value if isinstance(value, str) else json.dumps(value))
        if len(text) > LONGEST_PARAMETER:
            ending = " ... (whole value in config.json)"
            text = text[: LONGEST_PARAMETER - len(ending)] + ending
        name = _plain_key(key)
        if name in flat:  # two keys that differ in a character MLflow does not accept
            name = f"{name[: _LONGEST_KEY - 9]}-{_short_hash(key)}"
        flat[name] = text
    return flat


def _leaves(value: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for key, below in value.items():
        path = (*above, str(key))
        if isinstance(below, Mapping) and below:
            yield from _leaves(below, path)
        else:
            yield ".".join(path), below


def _plain_key(key: str) -> str:
    """A key MLflow accepts: letters, digits and ``_-. :/``, at most 250 characters.

    >>> _plain_key("µmol (blood)")
    '_mol _blood_'
    """
    plain = re.sub(r"[^A-Za-z0-9_\-. :/]", "_", key)
    # MLflow refuses paths that a file system would shorten: "a//b", "./a", "../a", "/a"
    plain = str(PurePosixPath(plain.replace("..", "__").lstrip("/"))) if plain.strip("/. ") else "_"
    if len(plain) > _LONGEST_KEY:
        plain = f"{plain[: _LONGEST_KEY - 9]}-{_short_hash(key)}"
    return plain


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers among some values; truth values are not numbers."""
    return {
        _plain_key(key): float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _tags(manifest: Mapping[str, Any], version: str) -> dict[str, str]:
    environment = manifest.get("environment", {})
    tags = {
        "mlflow.source.name": "predictor train",
        "mlflow.source.type": "LOCAL",
        "predictor.version": version,
        MANIFEST_DIGEST: str(manifest.get("manifest_digest", "")),
        "predictor.model_digest": str(manifest["model"]["digest"]),
        "predictor.trained": str(manifest.get("created", "")),
        "cohort.digest": str(manifest.get("cohort", {}).get("digest", "")),
        "python": str(environment.get("python", "")),
    }
    if commit := environment.get("git_commit"):
        tags["mlflow.source.git.commit"] = str(commit)
    for topic in ("outcome", "evidence"):
        for key, value in manifest.get(topic, {}).items():
            if isinstance(value, str | bool | int | float):
                tags[_plain_key(f"{topic}.{key}")] = str(value)
    return {key: value for key, value in tags.items() if value}


def _training_numbers(
    manifest: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    cohort = manifest.get("cohort", {})
    numbers = _numbers({key: cohort.get(key) for key in ("patients", "events")})
    timings = manifest.get("timings", {})
    numbers |= _numbers({f"seconds/{stage}": seconds for stage, seconds in timings.items()})
    for candidate in candidates:
        if candidate.get("chosen"):
            numbers |= _numbers(candidate)
    return numbers | _numbers(_internal(with_reported(manifest).get("validation", {})))


def _internal(validation: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of the internal validation of the chosen model; older bundles have none."""
    found: dict[str, Any] = {}
    if bootstrap := validation.get("bootstrap"):
        found["bootstrap/resamples"] = bootstrap["resamples"]["used"]
        found["bootstrap/left_out"] = (
            bootstrap["resamples"]["drawn"] - bootstrap["resamples"]["used"]
        )
        for row in bootstrap["figures"]:
            if row["name"] in _CORRECTED:
                found[f"optimism/{row['name']}"] = row["optimism"]
                for end in ("", "_low", "_high"):
                    found[f"corrected/{row['name']}{end}"] = row[f"corrected{end}"]
        if moved := bootstrap["instability"]:
            found |= {f"stability/{key}": moved.get(key) for key in _MOVED}
    found |= _of_figures(validation)
    if signal := validation.get("signal"):
        found["signal/p_value"] = signal["p_value"]
        found["signal/permutations"] = signal["permutations"]
    if size := validation.get("sample_size"):
        found |= {f"needed/{key}": size.get(name) for key, name in _NEEDED.items()}
    return found


def _of_figures(validation: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of a model of several states, or of a time, whose names end with the month."""
    found: dict[str, Any] = {}
    for row in validation.get("figures", ()):
        name = f"{row['name']}_{row['month']}" if row.get("month") else row["name"]
        if "optimism" in row:
            found[f"optimism/{name}"] = row["optimism"]
        for end in ("", "_low", "_high"):
            found[f"corrected/{name}{end}"] = row[f"corrected{end}"]
    if odds := validation.get("proportional_odds"):
        found["proportional_odds/p_value"] = odds["p_value"]
    return found


def _dataset(manifest: Mapping[str, Any]) -> Dataset:
    cohort = manifest.get("cohort", {})
    columns = tuple(
        {
            "name": str(column["column"]),
            "type": _TYPES.get(column.get("kind", ""), "string"),
            "required": False,
        }
        for column in cohort.get("schema", [])
    )
    # MLflow keeps 36 characters; the whole digest is the run's tag cohort.digest
    digest = str(cohort.get("digest", "")).removeprefix("sha256:")[:_LONGEST_DIGEST]
    profile = {key: cohort[key] for key in ("patients", "events") if key in cohort}
    # The name alone: a path would tell about the machine, and nobody else could open it
    return Dataset(Path(str(cohort.get("file") or "cohort")).name, digest, columns, profile)


def _candidate(candidate: Mapping[str, Any]) -> Iterator[Fact]:
    name = str(candidate["name"])
    yield Run(name, name)
    words = {
        _plain_key(key): str(value).lower() if isinstance(value, bool) else value
        for key, value in candidate.items()
        if isinstance(value, str | bool) and key != "name"
    }
    yield Tags(name, {"candidate": name, **words})
    settings = {k: v for k, v in candidate.items() if isinstance(v, Mapping | list) and v}
    if settings:
        yield Params(name, flatten(settings))
    yield Metrics(name, _numbers(candidate))


def _texts(manifest: Mapping[str, Any]) -> Iterator[Text]:
    cohort = manifest.get("cohort", {})
    config = strip_credentials(_json(manifest.get("config", {})))
    yield Text("config.json", config)
    yield Text("environment.json", _json(manifest.get("environment", {})))
    if evidence := manifest.get("evidence"):
        yield Text("evidence.json", _json(evidence))
    for name, columns in (
        ("schema", ("column", "kind", "unit")),
        ("flow", ("step", "patients")),
        ("warnings", ("variable", "code", "count")),
    ):
        if rows := cohort.get(name):
            yield Text(f"cohort/{name}.csv", _table(rows, columns))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    # The named columns and no other: what else an entry may hold is not for a shared server
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _files(bundle: Path, manifest: Mapping[str, Any]) -> Iterator[File]:
    names = [str(name) for name in manifest["files"]]
    for name in names:
        # Shown at the top as well, where people look for them
        if name.endswith(".csv"):
            yield File(f"tables/{PurePosixPath(name).name}", bundle / name)
        elif name.startswith("figures/"):
            yield File(name, bundle / name)
    for name in report_files(bundle):
        yield File(f"report/{name}", bundle / name)
    for name in bundle_files(bundle):
        yield File(f"bundle/{name}", bundle / name)


def bundle_files(bundle: Path) -> tuple[str, ...]:
    """Relative paths of what belongs to a bundle; anything else in the folder is never sent."""
    listed = [str(name) for name in read_manifest(bundle)["files"]]
    return (MANIFEST, *listed, *(name for name in report_files(bundle) if name not in listed))
