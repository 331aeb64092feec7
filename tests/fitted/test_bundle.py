"""Bundles: the same numbers after loading, and every damage refused by the name of its file."""

from __future__ import annotations

import io
import json
import os
import pickletools
import shutil
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_bundles import LINEAR, forge, manifest, preparation, reseal, save

from predictor.errors import BundleError
from predictor.fitted.bundle import check_destination, load_bundle, locate_bundle
from predictor.fitted.models import EstimatorModel, LinearModel
from predictor.fitted.seal import (
    FORMAT_VERSION,
    check_files,
    digest_of,
    model_digest,
    read_manifest,
)

LINEAR_FILES = (
    "manifest.json",
    "preparation.json",
    "model.json",
    "comparison.csv",
    "figures/beeswarm.png",
)


def training_values(seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = np.column_stack([generator.normal(80, 20, 80), generator.normal(40, 9, 80)])
    return np.column_stack([values, generator.integers(0, 3, (80, 2))]).astype(float)


def estimator(kind: str, seed: int = 0) -> EstimatorModel:
    values = training_values(seed)
    outcome = (values[:, 0] + np.random.default_rng(seed).normal(0, 15, 80) > 80).astype(int)
    design = preparation().apply(values)
    if kind == "forest":
        from sklearn.ensemble import RandomForestClassifier

        made: Any = RandomForestClassifier(7, min_samples_leaf=5, random_state=seed)
    elif kind == "boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier

        made = HistGradientBoostingClassifier(max_iter=5, early_stopping=False, random_state=seed)
    else:
        from interpret.glassbox import ExplainableBoostingClassifier

        made = ExplainableBoostingClassifier(
            interactions=1, max_bins=8, outer_bags=2, max_rounds=20, n_jobs=1
        )
    return EstimatorModel(made.fit(design, outcome), kind)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bundles")
    models = {kind: estimator(kind) for kind in ("forest", "boosting", "additive")}
    return {kind: save(root / kind, model) for kind, model in models.items()} | {
        "linear": save(root / "linear")
    }


@pytest.fixture
def bundle(saved: dict[str, Path], tmp_path: Path) -> Path:
    shutil.copytree(saved["linear"], tmp_path / "b")
    return tmp_path / "b"


@pytest.fixture
def forest(saved: dict[str, Path], tmp_path: Path) -> Path:
    shutil.copytree(saved["forest"], tmp_path / "f")
    return tmp_path / "f"


def patients(count: int = 200) -> np.ndarray:
    generator = np.random.default_rng(3)
    values = np.column_stack([generator.normal(80, 30, count), generator.normal(40, 15, count)])
    values = np.column_stack([values, generator.integers(0, 3, (count, 2))]).astype(float)
    values[generator.random(values.shape) < 0.2] = np.nan
    return values


@pytest.mark.parametrize("kind", ["linear", "forest", "boosting", "additive"])
def test_predictions_are_the_same_bit_for_bit_after_loading(
    kind: str, saved: dict[str, Path]
) -> None:
    before = LINEAR if kind == "linear" else estimator(kind)
    bundle = load_bundle(saved[kind])
    design = preparation().apply(patients())
    np.testing.assert_array_equal(bundle.preparation.apply(patients()), design)
    np.testing.assert_array_equal(bundle.model.probability(design), before.probability(design))
    np.testing.assert_array_equal(bundle.model.output(design), before.output(design))


def is_pickle(content: bytes) -> bool:
    try:
        return bool(list(pickletools.genops(content)))
    except Exception:  # noqa: BLE001 - whatever it says of bytes that are none
        return False


@pytest.mark.parametrize("kind", ["linear", "forest", "boosting", "additive"])
def test_nothing_in_a_bundle_is_a_pickle(kind: str, saved: dict[str, Path]) -> None:
    for path in saved[kind].rglob("*"):
        if not path.is_file():
            continue
        contents = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        for content in contents:
            assert b"\x80\x04\x95" not in content
            assert not is_pickle(content)


@pytest.mark.parametrize("kind", ["forest", "boosting", "additive"])
def test_no_value_of_a_training_patient_is_in_an_archive(kind: str, saved: dict[str, Path]) -> None:
    """Not even the extremes, which are two patients' own; thresholds lie between values."""
    design = preparation().apply(training_values())
    with zipfile.ZipFile(saved[kind] / "estimator.skops") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for value in design[:, [0, 2]].ravel():
        assert struct.pack("<d", value) not in content
        assert struct.pack("<f", value) not in content
        assert repr(float(value)).encode() not in content


def test_a_bundle_with_what_it_says(saved: dict[str, Path]) -> None:
    bundle = load_bundle(str(saved["linear"]))
    assert [variable.name for variable in bundle.variables] == ["c3", "marker", "fever", "organ"]
    assert [variable.name for variable in bundle.exclusions] == ["overlap"]
    assert bundle.name == "made-up"
    assert bundle.most_missing == 0.5
    assert "esr" in bundle.dictionary


def test_the_linear_path_needs_nothing_but_numpy(saved: dict[str, Path]) -> None:
    program = (
        "import sys; from predictor.fitted.bundle import load_bundle; load_bundle(sys.argv[1]);"
        "heavy = {'pandas','sklearn','scipy','shap','mlflow','pydantic','yaml','skops','joblib'};"
        "print(heavy & {name.partition('.')[0] for name in sys.modules})"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program, str(saved["linear"])],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.stdout.strip() == "set()"


def test_digests_are_sha256_of_the_files(bundle: Path) -> None:
    import hashlib

    content = json.loads((bundle / "manifest.json").read_text())
    for name, digest in content["files"].items():
        assert digest == "sha256:" + hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    assert set(content["files"]) == set(LINEAR_FILES) - {"manifest.json"}
    zeros = "sha256:" + "0" * 64
    text = (bundle / "manifest.json").read_text().replace(content["manifest_digest"], zeros)
    assert content["manifest_digest"] == digest_of(text.encode())


def test_the_models_digest_covers_the_models_files_alone(tmp_path: Path) -> None:
    first = load_bundle(save(tmp_path / "a"))
    second = load_bundle(save(tmp_path / "b", name="another", created="later"))
    third = load_bundle(save(tmp_path / "c", LinearModel(-0.6, LINEAR.coefficients)))
    assert first.digest == second.digest != third.digest
    assert first.manifest["manifest_digest"] != second.manifest["manifest_digest"]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a")
    save(tmp_path / "b")
    for name in LINEAR_FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", LINEAR_FILES)
def test_every_changed_byte_is_found(name: str, bundle: Path) -> None:
    path = bundle / name
    content = path.read_bytes()
    step = max(1, len(content) // 40)
    for place in range(0, len(content), step):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(BundleError, match=name.rpartition("/")[2]):
            load_bundle(bundle)
    path.write_bytes(content)
    load_bundle(bundle)


@pytest.mark.parametrize("name", LINEAR_FILES)
def test_truncated_extended_empty_and_missing_files_are_named(name: str, bundle: Path) -> None:
    path = bundle / name
    content = path.read_bytes()
    for damaged in (content[:-1], content[: len(content) // 2], b"", content + b" "):
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match=path.name):
            load_bundle(bundle)
    path.unlink()
    with pytest.raises(BundleError, match=f"{path.name}: the file is missing"):
        load_bundle(bundle)
    path.mkdir()
    with pytest.raises(BundleError, match=f"{path.name}: the file is missing"):
        load_bundle(bundle)


def test_an_extra_file_changes_nothing(bundle: Path) -> None:
    (bundle / "tracking.json").write_text("{}")
    (bundle / "evil.py").write_text("raise SystemExit")
    load_bundle(bundle)


def test_a_pipe_instead_of_a_file_is_not_waited_for(bundle: Path) -> None:
    (bundle / "comparison.csv").unlink()
    os.mkfifo(bundle / "comparison.csv")
    with pytest.raises(BundleError, match=r"comparison.csv: the file is missing"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../outside", "figures/../../outside", "link", "a\0b", "x" * 300, "\udc80"],
)
def test_a_file_outside_the_folder_is_not_opened(name: str, bundle: Path) -> None:
    (bundle.parent / "outside").write_text("x")
    (bundle / "link").symlink_to("/etc/hostname")
    content = json.loads((bundle / "manifest.json").read_text())
    files = content["files"] | {name: digest_of(b"x")}
    content["files"] = files
    content["model"]["digest"] = model_digest(files)
    blank = content | {"manifest_digest": "sha256:" + "0" * 64}
    text = json.dumps(blank)  # escapes what JSON may hold and UTF-8 may not
    data = text.replace("sha256:" + "0" * 64, digest_of(text.encode())).encode()
    (bundle / "manifest.json").write_bytes(data)
    with pytest.raises(
        BundleError, match=r"lies outside the folder|is missing|is damaged|cannot be read"
    ):
        load_bundle(bundle)


@pytest.mark.parametrize(
    ("version", "rule"),
    [
        (
            FORMAT_VERSION + 1,
            "newer format than the newest known here, which is 1. Install a newer",
        ),
        (10**30, "newer format"),
        (0, "no manifest"),
        (-1, "no manifest"),
        (True, "no manifest"),
        ("1", "no manifest"),
        (1.0, "no manifest"),
        (None, "no manifest"),
    ],
)
def test_a_format_that_is_not_known_is_refused(version: object, rule: str, bundle: Path) -> None:
    reseal(bundle, format_version=version)
    with pytest.raises(BundleError, match=rf"manifest.json: .*{rule}"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        "{}",
        "{",
        "[" * 100_000,
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        "\x00",
        "\ufeff{}",
        '{"format_version": ' + "9" * 5000 + "}",
        '{"format_version": 1}',
        '{"format_version": 1, "manifest_digest": 1e999}',
        '{"format_version": 1, "manifest_digest": "\\ud800"}',
    ],
)
def test_a_manifest_that_is_none_is_refused(text: str, bundle: Path) -> None:
    (bundle / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"manifest.json"):
        load_bundle(bundle)


def test_bytes_that_are_no_text_are_refused(bundle: Path) -> None:
    for name in ("manifest.json", "model.json", "preparation.json"):
        other = bundle.with_name(name)
        shutil.copytree(bundle, other)
        (other / name).write_bytes(b"\xff\xfe{}")
        if name != "manifest.json":
            reseal(other)
        with pytest.raises(BundleError, match=f"{name}.*damaged"):
            load_bundle(other)


SPOILED: list[dict[str, Any]] = [
    {"name": 5},
    {"outcome": None},
    {"outcome": {"name": "x"}},
    {"outcome": manifest()["outcome"] | {"label": None}},
    {"predictors": None},
    {"predictors": "c3"},
    {"predictors": ["c3", "c3", "fever", "organ"]},
    {"predictors": ["c3", "marker", "fever", "nobody"]},
    {"predictors": [["c3"]]},
    {"prediction": {}},
    {"prediction": {"most_missing": 2}},
    {"prediction": {"most_missing": "much"}},
    {"prediction": {"most_missing": None}},
    {"evidence": {}},
    {"evidence": {"level": "exploratory", "statement": 3}},
    {"dictionary": []},
    {"dictionary": {}},
    {"dictionary": manifest()["dictionary"] | {"c3": None}},
    {"dictionary": manifest()["dictionary"] | {"c3": {"name": "c3"}}},
    {"dictionary": manifest()["dictionary"] | {"c3": manifest()["dictionary"]["esr"]}},
    {"model": {"version": "1", "kind": "pickle"}},
    {"model": {"kind": "linear"}},
]


@pytest.mark.parametrize("change", SPOILED)
def test_a_manifest_that_promises_too_little_is_refused(
    change: dict[str, Any], bundle: Path
) -> None:
    reseal(bundle, **change)
    with pytest.raises(BundleError, match=r"manifest.json: the manifest is incomplete"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "change", [{"files": None}, {"files": {}}, {"files": {"model.json": 5}}, {"model": 3}]
)
def test_a_manifest_without_files_is_refused(change: dict[str, Any], bundle: Path) -> None:
    from predictor.fitted.seal import sealed

    content = json.loads((bundle / "manifest.json").read_text()) | change
    content.pop("manifest_digest")
    (bundle / "manifest.json").write_bytes(sealed(content))
    with pytest.raises(BundleError, match="does not list the model's files"):
        load_bundle(bundle)


@pytest.mark.parametrize("coefficients", [[1.0], [1.0] * 7, []])
def test_coefficients_of_another_length_are_refused(
    coefficients: list[float], bundle: Path
) -> None:
    forge(bundle, "model.json", coefficients=coefficients)
    with pytest.raises(BundleError, match=r"model.json: the model and its preparation do not fit"):
        load_bundle(bundle)


def test_a_preparation_of_other_predictors_is_refused(bundle: Path) -> None:
    forge(bundle, "preparation.json", names=["c3", "marker", "organ", "fever"])
    with pytest.raises(BundleError, match=r"preparation.json: it prepares other predictors"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "text", ["[]", "null", '{"intercept": 1e999, "coefficients": []}', "[" * 5000]
)
@pytest.mark.parametrize("name", ["model.json", "preparation.json"])
def test_forged_model_files_are_named(name: str, text: str, bundle: Path) -> None:
    (bundle / name).write_text(text)
    reseal(bundle)
    with pytest.raises(BundleError, match=name):
        load_bundle(bundle)


def put(folder: Path, archive: bytes) -> None:
    (folder / "estimator.skops").write_bytes(archive)
    reseal(folder)


class Untrusted:
    """A class whose loading would run code of a bundle's maker."""


def test_an_archive_of_untrusted_types_is_refused_by_their_name(forest: Path) -> None:
    import skops.io

    put(forest, skops.io.dumps(Untrusted()))
    with pytest.raises(
        BundleError, match=r"estimator.skops: holds types that are not trusted: .*Untrusted"
    ):
        load_bundle(forest)


@pytest.mark.parametrize(
    "make", ["other kind", "other class", "list", "other columns", "other outcome"]
)
def test_an_archive_of_another_estimator_is_refused(make: str, forest: Path) -> None:
    import skops.io
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    design, outcome = np.random.default_rng(1).normal(size=(30, 6)), np.arange(30) % 2
    other: Any = {
        "other kind": lambda: estimator("boosting").estimator,
        "other class": lambda: DecisionTreeClassifier().fit(design, outcome),
        "list": lambda: [1, 2],
        "other columns": lambda: RandomForestClassifier(3).fit(design[:, :3], outcome),
        "other outcome": lambda: RandomForestClassifier(3).fit(design, outcome + 1),
    }[make]()
    put(forest, skops.io.dumps(other))
    with pytest.raises(
        BundleError, match=r"estimator.skops: (holds another|the estimator and its)"
    ):
        load_bundle(forest)


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all"])
def test_an_archive_that_is_none_is_refused(data: bytes, forest: Path) -> None:
    put(forest, data)
    with pytest.raises(BundleError, match=r"estimator.skops: cannot be loaded"):
        load_bundle(forest)


def test_a_truncated_archive_is_refused_even_with_right_digests(forest: Path) -> None:
    content = (forest / "estimator.skops").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        put(forest, content[: int(len(content) * share)])
        with pytest.raises(BundleError, match=r"estimator.skops: cannot be loaded"):
            load_bundle(forest)


def test_an_archive_whose_entries_are_mixed_up_is_refused(forest: Path) -> None:
    source = io.BytesIO((forest / "estimator.skops").read_bytes())
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for spoiled in ({"schema.json": b"{}"}, {"schema.json": b"[" * 100_000}, dict.fromkeys(
        [name for name in entries if name != "schema.json"], b"junk"
    )):  # fmt: skip
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, data in (entries | spoiled).items():
                archive.writestr(name, data)
        put(forest, stream.getvalue())
        with pytest.raises(BundleError, match=r"estimator.skops"):
            load_bundle(forest)


@pytest.mark.parametrize("kind", ["forest", "boosting"])
@pytest.mark.parametrize("field", ["left", "feature", "back"])
def test_a_tree_that_leaves_its_own_arrays_is_refused(
    kind: str, field: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    """Compiled code would follow such a node out of its memory."""
    import skops.io

    shutil.copytree(saved[kind], tmp_path / "t")
    model = estimator(kind).estimator
    if kind == "forest":
        state = model.estimators_[0].tree_.__getstate__()
        nodes = state["nodes"]
        left, feature = "left_child", "feature"
    else:
        nodes = model._predictors[0][0].nodes
        left, feature = "left", "feature_idx"
    if field == "feature":
        nodes[feature][0] = 99
    else:
        nodes[left][0] = 10_000 if field == "left" else 0
    if kind == "forest":
        model.estimators_[0].tree_.__setstate__(state)
    put(tmp_path / "t", skops.io.dumps(model))
    with pytest.raises(BundleError, match=r"estimator.skops: the estimator and its preparation"):
        load_bundle(tmp_path / "t")


def test_an_estimator_that_is_not_listed_is_not_loaded(forest: Path) -> None:
    (forest / "estimator.skops").unlink()
    content = json.loads((forest / "manifest.json").read_text())
    del content["files"]["estimator.skops"]
    (forest / "manifest.json").write_text(json.dumps(content))
    reseal(forest)
    with pytest.raises(BundleError, match=r"estimator.skops: the manifest does not list"):
        load_bundle(forest)


def test_what_is_parsed_is_what_was_checked(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes after its digest was held against it must not get in."""
    checked = check_files(bundle, read_manifest(bundle))

    def check_then_change(folder: Path, content: Any) -> dict[str, bytes]:
        (bundle / "model.json").write_text('{"intercept": 99, "coefficients": []}')
        return checked

    monkeypatch.setattr("predictor.fitted.bundle.check_files", check_then_change)
    model = load_bundle(bundle).model
    assert isinstance(model, LinearModel)
    assert model.intercept == LINEAR.intercept


def test_reading_while_another_process_writes_never_fails(tmp_path: Path) -> None:
    save(tmp_path / "b")
    models = [LinearModel(float(i), LINEAR.coefficients) for i in range(2)]
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for model in models:
                save(tmp_path / "b", model)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(150):
            found = load_bundle(tmp_path / "b")
            assert isinstance(found.model, LinearModel)
            assert found.model.intercept in (0.0, 1.0, LINEAR.intercept)
    finally:
        stop.set()
        writer.join()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_bundle_loads_from_where_nothing_can_be_written(bundle: Path) -> None:
    bundle.chmod(0o555)
    bundle.parent.chmod(0o555)
    try:
        load_bundle(bundle)
    finally:
        bundle.parent.chmod(0o755)
        bundle.chmod(0o755)


def test_loading_writes_nothing(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("rename", "unlink", "mkdir", "touch", "write_bytes", "write_text"):
        monkeypatch.setattr(Path, name, refuse)
    load_bundle(bundle)


@pytest.mark.parametrize("name", ["nobody", "", "a/b", "x" * 300, "a\0b", "~", "..//nobody"])
def test_a_bundle_that_is_not_there_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=r"no such bundle|this is no bundle"):
        load_bundle(name)


def test_a_file_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("x")
    with pytest.raises(BundleError, match="this is no bundle"):
        load_bundle(tmp_path / "b")


def test_an_interrupted_swap_is_finished_by_the_reader(bundle: Path, tmp_path: Path) -> None:
    bundle.rename(tmp_path / ".b.new")
    (tmp_path / ".b.new" / ".complete").touch()
    assert locate_bundle(tmp_path / "b") == tmp_path / "b"
    load_bundle(tmp_path / "b")
    assert not (tmp_path / "b" / ".complete").exists()


@pytest.mark.parametrize("cleaned_up", [False, True])
def test_a_reader_in_the_instant_of_a_swap_looks_again(
    cleaned_up: bool, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer renames the old folder aside just after the reader has seen it there."""
    looks = []

    def swapped_meanwhile(folder: Path) -> None:
        looks.append(folder)
        if len(looks) == 1:
            folder.rename(tmp_path / ("elsewhere" if cleaned_up else ".b.old"))
        else:
            (tmp_path / ("elsewhere" if cleaned_up else ".b.old")).rename(folder)

    monkeypatch.setattr("predictor.fitted.location.finish_swap", swapped_meanwhile)
    assert locate_bundle(bundle) == bundle
    assert len(looks) == 2


def test_only_a_bundle_without_anything_else_is_replaced(bundle: Path, tmp_path: Path) -> None:
    (bundle / "tracking.json").write_text("{}")
    save(bundle)
    (bundle / "answers.csv").write_text("mine")
    with pytest.raises(BundleError, match=r"stays as it is \(answers.csv\)"):
        save(bundle)
    assert (bundle / "answers.csv").read_text() == "mine"
    alike = tmp_path / "web"  # other tools have files of these names
    alike.mkdir()
    (alike / "manifest.json").write_text('{"files": {"model.json": "x"}}')
    (alike / "model.json").write_text("{}")
    with pytest.raises(BundleError, match=r"stays as it is \(manifest.json, model.json\)"):
        check_destination(alike)
