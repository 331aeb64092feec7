"""``predictor predict`` with FHIR records and with tables: results, exit codes, bad input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import made_bundles
import made_records
import pytest

from predictor import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    made_records.save(tmp_path / "b", most_missing=0.75)

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["predictor", *map(str, words)])
        capsys.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        assert isinstance(code, int)
        return code, *capsys.readouterr()

    return command


def write(document: object) -> None:
    Path("p.json").write_text(json.dumps(document), encoding="utf-8")


def test_a_record_as_text_tells_what_was_taken_and_ignored(run: Run) -> None:
    old = made_records.c3(91, "2023-01-01", id="old")
    write(made_records.record(made_records.c3(), old))
    code, out, err = run("predict", "p.json", "--model", "b")
    assert (code, err) == (0, "")
    assert out.startswith("Patient p1\nRemission, 6 months: ")
    assert "\n\nFrom the FHIR record, for 2024-05-20:\n" in out
    assert "  Complement C3: 75 mg/dL, 2024-05-20 (LOINC 4485-9, Observation/o4485-9)" in out
    assert "Not used:\n  Complement C3, 2023-01-01: it is from more than 90 days before" in out


def test_a_record_as_json_keeps_the_contract_at_the_top(run: Run) -> None:
    write(made_records.record(made_records.c3()))
    code, out, err = run("predict", "p.json", "--model", "b", "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["patient"] == "p1"
    assert {"probability", "contributions", "imputed", "index_date", "taken"} <= found.keys()
    assert found["ignored"] == []


def test_the_index_date_decides_which_result_is_taken(run: Run) -> None:
    write(made_records.record(made_records.c3(60, "2024-05-01"), made_records.c3()))
    words = ("predict", "p.json", "--model", "b", "--index-date", "2024-05-10")
    found = json.loads(run(*words, "--format", "json")[1])
    assert {entry["variable"]: entry["value"] for entry in found["taken"]}["c3"] == 60.0
    assert [entry["code"] for entry in found["ignored"]] == ["after_index_date"]


def test_a_refused_record_still_tells_what_was_read(run: Run) -> None:
    write(made_records.record(made_records.c3(-7391)))
    code, out, err = run("predict", "p.json", "--model", "b")
    assert (code, err) == (1, "")
    assert "c3: is impossible" in out
    assert "0 answered, 1 refused." in out
    assert "From the FHIR record" in out
    code, out, _ = run("predict", "p.json", "--model", "b", "--format", "json")
    assert code == 1
    assert json.loads(out)["predictions"] == []
    assert json.loads(out)["taken"]


@pytest.mark.parametrize(
    ("document", "words", "message"),
    [
        (
            made_records.record(made_records.c3(), made_records.patient(id="p2")),
            (),
            "a second patient",
        ),
        (
            made_records.record(made_records.c3(7391), made_records.c3(8842)),
            (),
            "c3: has different values at the same time",
        ),
        (made_records.record(made_records.c3(day="2999-01-01")), (), "is dated in the future"),
        (made_records.record(), (), "State it: --index-date"),
        (made_records.record(made_records.c3()), ("--index-date", "yesterday"), "--index-date"),
        (made_records.record(made_records.c3()), ("--index-date", "2999-01-01"), "in the future"),
        ({"c3": 75}, ("--index-date", "2024-05-20"), "is for a FHIR Bundle"),
        (made_records.patient(), (), "a Bundle was expected"),
    ],
)
def test_a_record_that_cannot_be_used_ends_with_two(
    run: Run, document: object, words: tuple[str, ...], message: str
) -> None:
    write(document)
    code, out, err = run("predict", "p.json", "--model", "b", *words)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "7391" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "text",
    [
        '{"resourceType": "Bundle", "entry": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"resourceType": "Bundle", "entry": NaN}',
        '{"resourceType": "Bundle", "resourceType": "Bundle"}',
        '{"resourceType": "Bundle", "entry": [',
    ],
)
def test_a_broken_record_ends_with_two(run: Run, text: str) -> None:
    Path("p.json").write_text(text)
    code, out, err = run("predict", "p.json", "--model", "b")
    assert (code, out) == (2, "")
    assert "internal error" not in err


def test_a_table_of_many_is_printed_as_whole_json(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.workflow.predict._SHOWN", 2)
    made_bundles.save(tmp_path / "m")
    Path("p.csv").write_text("patient,c3,marker,fever,organ\n" + "Ä,75,40,yes,kidney\n" * 5)
    code, out, _ = run("predict", "p.csv", "--model", "m", "--format", "json", "--out", "o.json")
    assert code == 0
    assert [found["patient"] for found in json.loads(out)["predictions"]] == ["Ä"] * 5
    assert json.loads(Path("o.json").read_text(encoding="utf-8")) == json.loads(out)
    out = run("predict", "p.csv", "--model", "m", "--out", "o.csv")[1]
    assert "5 answered, 0 refused." in out
