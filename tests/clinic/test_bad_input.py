"""Bad input by file and command line: a clear refusal, quickly, and nothing said of the patient.

What the same input gets from the server is in ``tests/service``; faults of FHIR records are in
``test_fhir`` and ``test_predict_commands``.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_records
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_answers import full_bundle
from made_bundles import FULL, manifest
from run_commands import Finished, Run, runner

from predictor.clinic.prediction import Prediction, predict
from predictor.clinical.dictionary import load_dictionary
from predictor.errors import PatientRefused, PredictorError
from predictor.fitted.bundle import Bundle, load_bundle, save_bundle
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.workflow.predict import predict_file

MARK = "7391"
"""Stands in every patient here, and must not stand in any message."""

Text = str | bytes


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in a folder with a bundle ``b``."""
    full_bundle(tmp_path / "b")
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsys)


def predicted(run: Run, name: str, content: Text, *words: str) -> Finished:
    data = content.encode() if isinstance(content, str) else content
    Path(name).write_bytes(data)
    return run("predict", name, "--model", "b", *words)


def check_refusal(ended: Finished, code: int) -> None:
    assert ended.code == code
    told = ended.out + ended.err
    assert told.strip()
    assert MARK not in told
    for fault in ("Traceback", "internal error", "Please report"):
        assert fault not in told
    if code == 2:
        assert not ended.out
        assert len(ended.err.splitlines()) <= 60


UNREADABLE: dict[str, tuple[str, Callable[[], Text]]] = {
    "a comma too many": ("p.json", lambda: f'{{"c3": {MARK},}}'),
    "cut short": ("p.json", lambda: f'{{"patient": "{MARK}", "c3": 75'),
    "two documents": ("p.json", lambda: f'{{"c3": {MARK}}}{{"c3": 75}}'),
    "a comment": ("p.json", lambda: f'{{"c3": {MARK}}} // laboratory'),
    "single quotes": ("p.json", lambda: f"{{'c3': {MARK}}}"),
    "nothing": ("p.json", lambda: ""),
    "only space": ("p.json", lambda: " \n\t"),
    "zero bytes": ("p.json", lambda: b"\0" * 100),
    "another encoding": ("p.json", lambda: json.dumps(FULL).encode("utf-16")),
    "half a sign": ("p.json", lambda: json.dumps(FULL).encode() + b"\xc3"),
    "a name twice": ("p.json", lambda: f'{{"c3": {MARK}, "c3": 75}}'),
    "not a number": ("p.json", lambda: f'{{"c3": NaN, "patient": "{MARK}"}}'),
    "infinity": ("p.json", lambda: f'{{"c3": Infinity, "patient": "{MARK}"}}'),
    "minus infinity": ("p.json", lambda: f'{{"c3": -Infinity, "patient": "{MARK}"}}'),
    "deep lists": ("p.json", lambda: "[" * 100_000 + "]" * 100_000),
    "deep mappings": ("p.json", lambda: '{"c3": ' * 100_000 + "1" + "}" * 100_000),
    "a list of patients": ("p.json", lambda: json.dumps([FULL | {"patient": MARK}])),
    "a number": ("p.json", lambda: MARK),
    "yaml, cut short": ("p.yaml", lambda: f'c3: "{MARK}\nfever: yes'),
    "yaml with a tab": ("p.yaml", lambda: f"c3:\n\t- {MARK}"),
    "yaml, a name twice": ("p.yaml", lambda: f"c3: {MARK}\nc3: 75\n"),
    "yaml, deep lists": ("p.yaml", lambda: "[" * 20_000),
    "yaml, deep mappings": (
        "p.yaml",
        lambda: "\n".join(" " * i + "c3:" for i in range(600)),
    ),
    "yaml that runs a program": (
        "p.yaml",
        lambda: f"c3: !!python/object/apply:os.system ['touch {MARK}']",
    ),
    "yaml that swells": (
        "p.yaml",
        lambda: (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "\n".join(
                f"{new}: &{new} [{','.join(['*' + old] * 9)}]"
                for old, new in zip("abcdefghi", "bcdefghij", strict=True)
            )
        ),
    ),
    "several documents": ("p.yaml", lambda: f"c3: 75\n---\nc3: {MARK}\n"),
    "a table of nothing": ("p.csv", lambda: ""),
    "a table in another encoding": ("p.csv", lambda: "c3,marker\n75,40\n".encode("utf-16")),
    "a ragged table": ("p.csv", lambda: f"c3,marker\n75,40,{MARK}\n"),
    "a column twice": ("p.csv", lambda: f"c3,c3\n75,{MARK}\n"),
    "an open quote": ("p.csv", lambda: 'c3,marker\n75,"' + MARK + "\n" * 10),
    "no parquet": ("p.parquet", lambda: b"PAR1" + b"\0" * 100 + b"PAR1"),
    "an empty parquet": ("p.parquet", lambda: b""),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_ends_with_two(case: str, run: Run) -> None:
    name, content = UNREADABLE[case]
    check_refusal(predicted(run, name, content()), 2)
    assert {path.name for path in Path().iterdir()} == {"b", name}


@pytest.mark.parametrize("case", UNREADABLE)
def test_and_leaves_no_line_in_any_log(
    case: str, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    name, content = UNREADABLE[case]
    with caplog.at_level(logging.DEBUG):
        predicted(run, name, content())
    assert not caplog.records


HUNDRED = 100 * 1024 * 1024

LARGE: dict[str, tuple[str, bytes, bytes]] = {
    "json": ("p.json", b'{"c3": "', b"x"),
    "json of space": ("p.json", b'{"c3": 75}', b" "),
    "json of brackets": ("p.json", b"[", b"["),
    "yaml": ("p.yaml", b"c3: ", b"x"),
    "yaml of dashes": ("p.yaml", b"- ", b"-"),
    "one line of csv": ("p.csv", b"c3,marker\n", b"9"),
    "a header of csv": ("p.csv", b"c3", b",c3"),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_hundred_megabytes_are_refused_before_they_fill_the_memory(case: str, run: Run) -> None:
    name, head, filling = LARGE[case]
    with Path(name).open("wb") as stream:
        stream.write(head)
        piece = filling * (1024 * 1024 // len(filling))
        stream.writelines(piece for _ in range(HUNDRED // len(piece)))
    start = time.process_time()
    tracemalloc.start()
    try:
        ended = run("predict", name, "--model", "b")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    check_refusal(ended, 2)
    assert peak < HUNDRED // 2
    assert time.process_time() - start < 5


def test_a_header_of_very_many_names_is_refused_at_once(run: Run) -> None:
    """Whether they are the same or all unknown; nobody looks for the nearest of each."""
    start = time.process_time()
    check_refusal(predicted(run, "p.csv", "c3," * 300_000 + "c3\n75\n"), 2)
    names = ",".join(f"zz{i}zz" for i in range(100_000, 160_000))
    ended = predicted(run, "p.csv", f"{names}\n75\n")
    check_refusal(ended, 2)
    assert "and 59950 more unknown names" in ended.err
    patient = json.dumps(dict.fromkeys(names.split(","), 1))
    check_refusal(predicted(run, "p.json", patient), 1)
    assert time.process_time() - start < 10


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a comma for a point": ({"c3": f"{MARK},5"}, "unreadable_number"),
    "commas between thousands": ({"c3": f"1,{MARK}"}, "unreadable_number"),
    "a comma with a unit": ({"c3": f"{MARK},5 mg/dL"}, "unreadable_number"),
    "a comma beside its unit": (
        {"c3": {"value": f"{MARK},5", "unit": "mg/dL"}},
        "unreadable_number",
    ),
    "infinity as text": ({"c3": "inf"}, "infinite_value"),
    "a limit": ({"c3": f"<{MARK}"}, "unreadable_number"),
    "a unit that is none": ({"c3": f"75 q{MARK}"}, "unknown_unit"),
    "a large exponent": ({"c3": 10**400}, "infinite_value"),
    "a list": ({"c3": [int(MARK)]}, "unreadable_number"),
    "a flag": ({"c3": True}, "unreadable_number"),
    "beyond what can be": ({"c3": int(MARK)}, "impossible_value"),
    "a state that is none": ({"organ": MARK}, "unreadable_state"),
    "a name that is none": ({"c33": int(MARK)}, "unknown_variable"),
    "an identifier of two lines": ({"patient": f"a\n{MARK}"}, "bad_identifier"),
    "an exclusion criterion": ({"overlap": "yes"}, "exclusion_criterion"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_patient_who_cannot_be_answered_ends_with_one(case: str, run: Run) -> None:
    changes, code = REFUSED[case]
    patient = json.dumps({"c3": 75, "marker": 40, "fever": "yes", "organ": "skin"} | changes)
    shown = predicted(run, "p.json", patient)
    told = predicted(run, "p.json", patient, "--format", "json")
    assert (shown.code, told.code) == (1, 1)
    for ended in (shown, told):
        assert "Traceback" not in ended.err
        assert MARK not in ended.out + ended.err
    (refused,) = told.json["refused"]
    assert [reason["code"] for reason in refused["reasons"]] == [code]


def test_every_reason_is_told_at_once(run: Run) -> None:
    patient = {name: entry for changes, _ in REFUSED.values() for name, entry in changes.items()}
    found = predicted(run, "p.json", json.dumps(patient), "--format", "json").json["refused"][0]
    assert {reason["variable"] for reason in found["reasons"]} >= {"c3", "organ", "c33", "overlap"}


def test_a_decimal_comma_is_read_where_the_table_says_so(run: Run) -> None:
    table = "patient;c3;marker;fever;organ\nA;75,5;40,25;yes;kidney\n"
    refused = predicted(run, "p.csv", table)
    assert refused.code == 1
    assert "75,5" not in refused.out
    ended = predicted(run, "p.csv", table, "--decimal", ",", "--format", "json")
    (found,) = ended.json["predictions"]
    shown = {part["variable"]: part["value"] for part in found["contributions"]}
    assert (shown["c3"], shown["marker"]) == (75.5, 40.25)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of variables of the dictionary whose units are written in many ways."""
    names = ("creatinine", "platelets", "c3")
    dictionary = load_dictionary()
    entries = {name: dictionary.variable(name).to_dict() for name in names}
    prepared = Preparation(
        names,
        np.array([0.8, 200.0, 80.0]),
        (),
        tuple(DesignColumn(name, j) for j, name in enumerate(names)),
        np.zeros(3),
        np.ones(3),
    )
    folder = tmp_path_factory.mktemp("bad") / "laboratory"
    content = manifest(predictors=list(names), dictionary=entries)
    save_bundle(folder, content, prepared, LinearModel(0.1, np.array([0.1, 0.01, 0.01])), {})
    return load_bundle(folder)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"creatinine": "88.4 \u00b5mol/L"}, 1.0),  # the micro sign
        ({"creatinine": "88.4 \u03bcmol/l"}, 1.0),  # the Greek letter
        ({"creatinine": {"value": 88.4, "unit": "\u03bcmol/L"}}, 1.0),
        ({"creatinine": "88.4 umol/L"}, 1.0),
        ({"platelets": "210 \u00d710\u2079/L"}, 210.0),  # times ten to the power of nine
        ({"platelets": "210 10\u2079/L"}, 210.0),
        ({"platelets": {"value": 210, "unit": "x10^9/L"}}, 210.0),
        ({"platelets": "210 10\u00b3/\u00b5L"}, 210.0),  # ten to the power of three per microlitre
        ({"platelets": "210 K/\u03bcL"}, 210.0),
        ({"c3": "0.75 g/l"}, 75.0),
        ({"c3": "75\u00a0mg/dL"}, 75.0),  # a space that does not break
        ({"c3": "75\u202fmg/dL"}, 75.0),
    ],
)
def test_units_are_read_as_laboratories_print_them(
    changes: dict[str, object], expected: float, laboratory: Bundle
) -> None:
    patient = {"creatinine": 0.9, "platelets": 190, "c3": 90} | changes
    answer = predict(patient, laboratory)
    (name,) = changes
    (found,) = [part.value for part in answer.contributions if part.variable == name]
    assert found == pytest.approx(expected, rel=1e-3)
    assert not [w for w in answer.warnings if w.where]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "{{7*7}}", "=1+1"])
def test_signs_of_a_program_in_the_identifier_are_text(name: str, run: Run) -> None:
    patient = json.dumps(FULL | {"patient": name})
    assert predicted(run, "p.json", patient, "--format", "json").json["patient"] == name
    assert f"Patient {name}" in predicted(run, "p.json", patient).out


def test_the_answer_to_a_good_patient_after_all_this_is_the_same(run: Run) -> None:
    before = predicted(run, "p.json", json.dumps(FULL), "--format", "json")
    for name, content in UNREADABLE.values():
        predicted(run, name, content())
    after = predicted(run, "p.json", json.dumps(FULL), "--format", "json")
    assert before == after
    assert before.code == 0


# -------------------------------------------------------------------------------------- anything


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("anything")
    full_bundle(folder / "b")
    made_records.save(folder / "r", most_missing=1.0)
    return folder


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["c3", "fever", "organ", "patient", "value", "unit", "resourceType"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
contents = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    documents.map(lambda found: json.dumps(found).encode()),
    documents.map(lambda found: json.dumps(FULL | {"c3": found}).encode()),
    st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), max_size=4).map(
        lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
    ),
    st.text(max_size=60).map(lambda row: f"c3,fever\n{row}".encode("utf-8", "surrogatepass")),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    content=contents,
    name=st.sampled_from(["p.json", "p.yaml", "p.yml", "p.csv", "p.tsv", "p.parquet"]),
    model=st.sampled_from(["b", "r"]),
)
def test_any_file_is_answered_or_refused(
    content: bytes, name: str, model: str, place: Path
) -> None:
    path = place / name
    path.write_bytes(content)
    try:
        found = predict_file(path, str(place / model))
    except PredictorError as error:
        str(error).encode()
    else:
        json.dumps(found.to_dict(), allow_nan=False)


@given(
    c3=st.floats() | st.integers() | st.text(max_size=12) | st.none(),
    marker=st.floats() | st.none(),
    fever=st.booleans() | st.integers(-1, 2) | st.text(max_size=5) | st.none(),
)
def test_any_answer_has_its_probability_within_its_interval(
    c3: Any, marker: float | None, fever: Any, place: Path
) -> None:
    patient = {"c3": c3, "marker": marker, "fever": fever, "organ": "skin"}
    try:
        answer = predict(patient, str(place / "b"))
    except PatientRefused:
        return
    assert isinstance(answer, Prediction)
    assert answer.interval is not None
    assert answer.interval.low <= answer.probability <= answer.interval.high
    assert math.isfinite(answer.interval.widening)
    assert answer.applicability is not None
    assert sys.float_info.min >= 0.0 <= answer.applicability.distance_percentile <= 1.0
