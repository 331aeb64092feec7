"""Replicates against arithmetic by hand and NumPy's variance; archives that nobody should open."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_answers import REPLICATES, full_bundle
from made_bundles import reseal

from predictor.errors import BundleError
from predictor.fitted.bundle import load_bundle
from predictor.fitted.replicates import FILE, Replicates

VARIABLES = 4
DAMAGED = r"replicates\.npz: the replicates are damaged\. Get the bundle again\."
NAMES = ("intercept", "slope", "variable", "state", "missing")


def patients(count: int = 50, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    filled = np.column_stack(
        [
            rng.normal(80, 20, count),
            rng.normal(35, 9, count),
            rng.integers(0, 2, count),
            rng.integers(0, 3, count),
        ]
    ).astype(float)
    return filled, rng.random((count, VARIABLES)) < 0.3


def by_hand(replicates: Replicates, patient: np.ndarray, absent: np.ndarray) -> list[float]:
    """One patient, one column after the other, in plain Python."""
    found = []
    for intercept, slopes in zip(
        replicates.intercept.tolist(), replicates.slope.tolist(), strict=True
    ):
        total = intercept
        for j, slope in enumerate(slopes):
            variable, state = int(replicates.variable[j]), int(replicates.state[j])
            if replicates.missing[j]:
                value = 1.0 if absent[variable] else 0.0
            elif state >= 0:
                value = 1.0 if patient[variable] == state else 0.0
            else:
                value = float(patient[variable])
            total += slope * value
        found.append(total)
    return found


def test_log_odds_by_hand() -> None:
    filled, absent = patients()
    found = REPLICATES.log_odds(filled, absent)
    assert found.shape == (50, len(REPLICATES)) == (50, 60)
    for i in range(50):
        assert found[i] == pytest.approx(by_hand(REPLICATES, filled[i], absent[i]), abs=1e-12)


def test_what_was_given_is_not_changed() -> None:
    filled, absent = patients()
    before = filled.copy()
    REPLICATES.variance(filled, absent)
    np.testing.assert_array_equal(filled, before)


@pytest.mark.parametrize("count", [2, 3, 7, 60])
def test_the_variance_is_that_of_the_log_odds_over_the_replicates(count: int) -> None:
    """Also where there are fewer replicates than columns."""
    some = Replicates(
        REPLICATES.intercept[:count],
        REPLICATES.slope[:count],
        REPLICATES.variable,
        REPLICATES.state,
        REPLICATES.missing,
    )
    filled, absent = patients()
    expected = np.var(some.log_odds(filled, absent), axis=1, ddof=1)
    np.testing.assert_allclose(some.variance(filled, absent), expected, rtol=1e-10)


@given(shift=st.floats(-1e4, 1e4), factor=st.floats(1e-3, 1e3))
def test_the_variance_does_not_depend_on_where_the_log_odds_lie(
    shift: float, factor: float
) -> None:
    """Moved by a constant it stays, in another unit of a variable it stays."""
    filled, absent = patients(10)
    slope = REPLICATES.slope.copy()
    slope[:, 2] /= factor
    moved = Replicates(
        REPLICATES.intercept + shift,
        slope,
        REPLICATES.variable,
        REPLICATES.state,
        REPLICATES.missing,
    )
    rescaled = filled * [1.0, factor, 1.0, 1.0]
    np.testing.assert_allclose(
        moved.variance(rescaled, absent), REPLICATES.variance(filled, absent), rtol=1e-6
    )


def test_replicates_that_agree_leave_no_variance() -> None:
    same = Replicates(
        np.full(9, 0.4),
        np.tile(REPLICATES.slope[0], (9, 1)),
        REPLICATES.variable,
        REPLICATES.state,
        REPLICATES.missing,
    )
    assert same.variance(*patients()) == pytest.approx(0.0, abs=1e-20)


class TestOfSomeVariables:
    def test_columns_follow_their_variable_in_the_new_order(self) -> None:
        chosen = (3, 0)
        part = REPLICATES.of(chosen)
        filled, absent = patients()
        others = REPLICATES.slope.copy()
        others[:, np.isin(REPLICATES.variable, [1, 2])] = 0.0
        expected = Replicates(
            REPLICATES.intercept,
            others,
            REPLICATES.variable,
            REPLICATES.state,
            REPLICATES.missing,
        ).log_odds(filled, absent)
        found = part.log_odds(filled[:, chosen], absent[:, chosen])
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert part.variable.max() == 1

    def test_all_variables_are_the_same_replicates(self) -> None:
        part = REPLICATES.of(range(VARIABLES))
        for name in NAMES:
            np.testing.assert_array_equal(getattr(part, name), getattr(REPLICATES, name))

    def test_no_variable_leaves_the_intercepts(self) -> None:
        part = REPLICATES.of(())
        nobody = np.zeros((3, 0)), np.zeros((3, 0), dtype=bool)
        np.testing.assert_array_equal(part.log_odds(*nobody), np.tile(REPLICATES.intercept, (3, 1)))
        expected = np.var(REPLICATES.intercept, ddof=1)
        assert part.variance(*nobody) == pytest.approx(expected)


# ---------------------------------------------------------------------------------------- archives


def arrays(**changes: Any) -> dict[str, np.ndarray]:
    return {name: getattr(REPLICATES, name) for name in NAMES} | changes


def archive(
    content: dict[str, Any], compression: int = zipfile.ZIP_DEFLATED, **changes: bytes
) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as written:
        for name, array in content.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=True)
            written.writestr(f"{name}.npy", entry.getvalue())
        for name, data in changes.items():
            written.writestr(f"{name}.npy", data)
    return target.getvalue()


def entry(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """An NPY file with a header of one's own."""
    padded = header.encode("latin1").ljust(117) + b"\n"
    return b"\x93NUMPY" + version + len(padded).to_bytes(2, "little") + padded + data


def without(name: str) -> dict[str, np.ndarray]:
    return {key: array for key, array in arrays().items() if key != name}


def test_replicates_are_read_again_bit_for_bit() -> None:
    again = Replicates.from_bytes(REPLICATES.to_bytes(), VARIABLES)
    for name in NAMES:
        found, expected = getattr(again, name), getattr(REPLICATES, name)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    filled, absent = patients()
    np.testing.assert_array_equal(
        again.variance(filled, absent), REPLICATES.variance(filled, absent)
    )


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert REPLICATES.to_bytes() == REPLICATES.of(range(VARIABLES)).to_bytes()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_any_ordinary_archive_of_the_same_arrays_is_read(compression: int) -> None:
    mixed = arrays(slope=np.asfortranarray(REPLICATES.slope), state=REPLICATES.state.astype(">i8"))
    again = Replicates.from_bytes(archive(mixed, compression), VARIABLES)
    np.testing.assert_array_equal(again.slope, REPLICATES.slope)
    np.testing.assert_array_equal(again.state, REPLICATES.state)


def test_numpy_itself_reads_what_is_written() -> None:
    with np.load(io.BytesIO(REPLICATES.to_bytes()), allow_pickle=False) as found:
        assert sorted(found.files) == sorted(NAMES)
        np.testing.assert_array_equal(found["slope"], REPLICATES.slope)


def nan_in(name: str, value: float) -> dict[str, np.ndarray]:
    array = getattr(REPLICATES, name).copy()
    array.flat[3] = value
    return arrays(**{name: array})


SMALL = np.zeros((60, 6))

FORGED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no archive": lambda: b"these are words, and no archive",
    "an empty archive": lambda: archive({}),
    "cut short": lambda: REPLICATES.to_bytes()[:-30],
    **{f"without {name}": lambda name=name: archive(without(name)) for name in NAMES},
    "NaN in an intercept": lambda: archive(nan_in("intercept", np.nan)),
    "infinity in a slope": lambda: archive(nan_in("slope", np.inf)),
    "a slope that overflows": lambda: archive(nan_in("slope", 1e308)),
    "slopes of other replicates": lambda: archive(arrays(slope=REPLICATES.slope[:-1])),
    "slopes of other columns": lambda: archive(arrays(slope=REPLICATES.slope[:, :-1])),
    "slopes in three dimensions": lambda: archive(arrays(slope=REPLICATES.slope[None])),
    "intercepts in a column": lambda: archive(arrays(intercept=REPLICATES.intercept[:, None])),
    "an intercept alone": lambda: archive(arrays(intercept=np.float64(0.1))),
    "no replicate": lambda: archive(arrays(intercept=np.zeros(0), slope=np.zeros((0, 6)))),
    "one replicate": lambda: archive(arrays(intercept=np.zeros(1), slope=np.zeros((1, 6)))),
    "a variable too many": lambda: archive(arrays(variable=np.array([0, 0, 1, 2, 3, 4]))),
    "a variable below zero": lambda: archive(arrays(variable=np.array([0, 0, 1, 2, 3, -1]))),
    "a state below -1": lambda: archive(arrays(state=np.array([-1, -1, -1, -1, 0, -2]))),
    "a state of a missing flag": lambda: archive(arrays(state=np.array([-1, 1, -1, -1, 0, 2]))),
    "too few states": lambda: archive(arrays(state=REPLICATES.state[:-1])),
    "numbers as flags": lambda: archive(arrays(missing=REPLICATES.missing.astype(int))),
    "decimal numbers as positions": lambda: archive(
        arrays(variable=REPLICATES.variable.astype(float))
    ),
    "complex numbers": lambda: archive(arrays(intercept=REPLICATES.intercept.astype(complex))),
    "half precision": lambda: archive(arrays(slope=REPLICATES.slope.astype(np.float16))),
    "text": lambda: archive(arrays(intercept=np.array(["1"] * 60))),
    "dates": lambda: archive(arrays(intercept=np.zeros(60, dtype="datetime64[s]"))),
    "a record": lambda: archive(arrays(intercept=np.zeros(60, dtype=[("a", "f8")]))),
    "no NPY entry": lambda: archive(without("slope"), slope=b"1 2 3"),
    "an empty entry": lambda: archive(without("slope"), slope=b""),
    "a header that is no text of Python": lambda: archive(
        without("slope"), slope=entry("{'descr': '<f8', 'fortran_order': (((")
    ),
    "a header that computes": lambda: archive(
        without("slope"), slope=entry("{'descr': '<f8', 'fortran_order': False, 'shape': 9**9**9}")
    ),
    "a header of another version": lambda: archive(
        without("slope"), slope=entry("{}", version=b"\x09\x00")
    ),
    "a header that promises too much": lambda: archive(
        without("slope"),
        slope=entry(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (60, 100000000000000), }",
            b"\0" * 80,
        ),
    ),
    "a header that promises more than fits any memory": lambda: archive(
        without("slope"),
        slope=entry(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999999,), }"
        ),
    ),
    "a shape below zero": lambda: archive(
        without("slope"),
        slope=entry("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 6), }", b"\0" * 480),
    ),
    "bytes left over": lambda: archive(
        without("slope"),
        slope=entry(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (60, 6), }",
            SMALL.tobytes() + b"more",
        ),
    ),
    "another compression": lambda: archive(arrays(), zipfile.ZIP_LZMA),
    "an old compression": lambda: archive(arrays(), zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_no_training_writes_is_refused_by_name(case: str) -> None:
    with pytest.raises(BundleError, match=DAMAGED):
        Replicates.from_bytes(FORGED[case](), VARIABLES)


def test_an_entry_that_needs_a_password_is_refused() -> None:
    data = bytearray(REPLICATES.to_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            data[start + offset] |= 1
            start += 4
    with pytest.raises(BundleError, match=DAMAGED):
        Replicates.from_bytes(bytes(data), VARIABLES)


class Trap:
    """Would leave a file behind if anybody unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", NAMES)
def test_pickled_objects_are_refused_and_not_executed(name: str, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trapped = np.array([Trap(sprung)] * 60, dtype=object)
    with pytest.raises(BundleError, match=DAMAGED):
        Replicates.from_bytes(archive(arrays(**{name: trapped})), VARIABLES)
    assert not sprung.exists()


def test_an_archive_that_swells_is_refused_before_it_does() -> None:
    """A hundred kilobytes that would become 800 megabytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        with written.open("slope.npy", "w", force_zip64=True) as stream:
            stream.write(
                entry("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 100000000), }")
            )
            for _ in range(420):
                stream.write(bytes(1_000_000))
        for name in without("slope"):
            content = io.BytesIO()
            np.lib.format.write_array(content, getattr(REPLICATES, name), allow_pickle=False)
            written.writestr(f"{name}.npy", content.getvalue())
    assert len(target.getvalue()) < 1_000_000
    with pytest.raises(BundleError, match=DAMAGED):
        Replicates.from_bytes(target.getvalue(), VARIABLES)


ORIGINAL = REPLICATES.to_bytes()


@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(ORIGINAL) - 1), st.integers(0, 255)), min_size=1, max_size=8
    ),
    cut=st.integers(0, 40),
)
def test_any_damage_is_refused_or_does_no_harm(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(ORIGINAL)
    for position, byte in changes:
        data[position] = byte
    try:
        found = Replicates.from_bytes(bytes(data[: len(data) - cut]), VARIABLES)
    except BundleError as error:
        assert "the replicates are damaged" in str(error)  # noqa: PT017 - or none at all
    else:
        assert np.isfinite(found.variance(*patients())).all()


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match=DAMAGED):
        Replicates.from_bytes(data, VARIABLES)


header = st.sampled_from(
    ["<f8", ">f8", "|O", "<i8", "|b1", "<U4", "<f2", "O", "<m8[s]", "|V8", "nonsense", ""]
)


@given(
    descr=header,
    fortran=st.sampled_from(["True", "False", "1", "None", "[]"]),
    shape=st.lists(st.integers(-2, 2**64), max_size=4),
    data=st.binary(max_size=100),
    name=st.sampled_from(NAMES),
)
def test_any_header_is_refused(
    descr: str, fortran: str, shape: list[int], data: bytes, name: str
) -> None:
    """None of them describes the arrays of this file: sixty replicates, six columns."""
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {tuple(shape)}, }}"
    if len(text) > 117:
        text = text[:117]
    with pytest.raises(BundleError, match=DAMAGED):
        Replicates.from_bytes(archive(without(name), **{name: entry(text, data)}), VARIABLES)


# ---------------------------------------------------------------------------------- in the bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return full_bundle(tmp_path / "b")


def test_a_bundle_keeps_the_replicates_bit_for_bit(bundle: Path) -> None:
    found = load_bundle(bundle).replicates
    assert found is not None
    for name in NAMES:
        np.testing.assert_array_equal(getattr(found, name), getattr(REPLICATES, name))


def test_the_replicates_belong_to_what_the_models_digest_covers(
    bundle: Path, tmp_path: Path
) -> None:
    bare = full_bundle(tmp_path / "bare", replicates=None)
    assert load_bundle(bare).digest != load_bundle(bundle).digest


@pytest.mark.parametrize("how", ["missing", "cut", "altered", "empty"])
def test_replicates_that_were_changed_after_writing_are_refused_by_name(
    how: str, bundle: Path
) -> None:
    path = bundle / FILE
    data = path.read_bytes()
    changed = {"cut": data[:-1], "altered": data[:-1] + b"\1", "empty": b""}
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(changed[how])
    with pytest.raises(BundleError, match=r"replicates\.npz"):
        load_bundle(bundle)


@pytest.mark.parametrize("case", ["NaN in an intercept", "slopes of other columns", "no archive"])
def test_forged_replicates_with_right_digests_are_refused_by_name(case: str, bundle: Path) -> None:
    (bundle / FILE).write_bytes(FORGED[case]())
    reseal(bundle)
    with pytest.raises(BundleError, match=DAMAGED):
        load_bundle(bundle)


def test_replicates_that_the_manifest_does_not_list_are_not_read(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    del manifest["files"][FILE]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    reseal(bundle)
    assert load_bundle(bundle).replicates is None
