"""From a cohort's file to the list and its files: what is read, refused, written."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_bundles import save

from predictor.cohort.published import simulate
from predictor.errors import BundleError, CohortError, DocumentError, PredictorError
from predictor.report.candidates_text import candidates_text
from predictor.workflow.candidates import (
    candidates_file,
    candidates_json,
    write_candidates,
    write_candidates_figure,
)

PATIENTS = [
    {"patient": "A", "c3": 45, "marker": 30, "fever": "no", "organ": "skin"},
    {"patient": "B", "c3": 120, "marker": 60, "fever": "yes", "organ": "joints"},
    {"patient": "C", "c3": 90, "marker": None, "fever": "yes", "organ": "kidney"},
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save(tmp_path / "model")


def written(folder: Path, rows: list[dict[str, Any]], name: str = "cohort.csv") -> Path:
    path = folder / name
    frame = pd.DataFrame(rows)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    path = tmp_path / "simulated.csv"
    pd.DataFrame(simulate(31, seed=1).columns).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["cohort.csv", "cohort.parquet"])
def test_the_order_is_that_of_predict(tmp_path: Path, model: Path, name: str) -> None:
    from predictor import predict

    found = candidates_file(written(tmp_path, PATIENTS, name), model, threshold=0.4)
    alone = {str(p["patient"]): predict(p, model).probability for p in PATIENTS}
    assert {c.patient: c.probability for c in found.candidates} == pytest.approx(alone)
    assert [c.patient for c in found.candidates] == sorted(alone, key=lambda k: -alone[k])
    assert {c.patient for c in found.candidates if c.selected} == {
        name for name, p in alone.items() if p >= 0.4
    }


def test_what_the_study_has_in_another_unit_is_told_before_the_order(tmp_path: Path) -> None:
    study = {"cohort": {"units": {"c3": "g/L"}, "columns": {"marker": "mk"}}}
    own = save(tmp_path / "own", config=study)
    found = candidates_file(written(tmp_path, PATIENTS), own)
    (note,) = [n for n in candidates_json(found)["notes"] if "g/L" in n]
    assert note.startswith("Column c3: bare numbers are read as mg/dL, but the files of this")
    assert note in list(candidates_text(found, 80))
    renamed = [{("mk" if k == "marker" else k): v for k, v in p.items()} for p in PATIENTS]
    for ignore in (False, True):
        with pytest.raises(DocumentError, match=r"mk: no variable has this name.*write marker"):
            candidates_file(written(tmp_path, renamed), own, ignore_unknown=ignore)


def test_the_index_of_a_data_frame_is_left_unread(tmp_path: Path, model: Path) -> None:
    pd.DataFrame(PATIENTS, index=[4, 9, 2]).to_parquet(tmp_path / "c.parquet")
    found = candidates_file(tmp_path / "c.parquet", model)
    assert len(found.candidates) == 3
    said = "The index of the data frame is left unread: __index_level_0__."
    assert said in list(candidates_text(found, 80))


def test_the_refused_stand_apart_with_every_reason(tmp_path: Path, model: Path) -> None:
    rows = [*PATIENTS, {"patient": "D", "c3": -3, "overlap": "yes", "organ": "liver"}]
    found = candidates_file(written(tmp_path, rows), model)
    (refused,) = found.refused
    assert (refused.patient, refused.row) == ("D", 5)
    assert {"impossible_value", "exclusion_criterion", "unreadable_state"} <= {
        r.code for r in refused.reasons
    }
    assert "D" not in {c.patient for c in found.candidates}


def test_a_demonstration_is_refused_unless_it_is_asked_for(simulated: Path) -> None:
    with pytest.raises(BundleError, match=r"trained on simulated patients.*--demonstration"):
        candidates_file(simulated, "remission")
    found = candidates_file(simulated, "remission", demonstration=True)
    assert found.demonstration
    assert found.simulated
    assert len(found.candidates) + len(found.outside) == 31


def test_a_model_of_flares_is_refused_even_as_a_demonstration(simulated: Path) -> None:
    with pytest.raises(BundleError, match="would begin with those who fare worst"):
        candidates_file(simulated, "relapse", demonstration=True)


def test_an_outcome_that_no_dictionary_knows_is_let_pass(tmp_path: Path) -> None:
    outcome = {
        "name": "lda_fu",
        "label": "low disease activity",
        "event": [1],
        "horizon": "6 months",
        "population": "made-up patients",
        "time_zero": "index visit",
    }
    model = save(tmp_path / "model", outcome=outcome)
    found = candidates_file(written(tmp_path, PATIENTS), model)
    assert "low disease activity" in " ".join(candidates_json(found)["notes"])


def test_entries_from_after_the_start_of_treatment_are_told(simulated: Path) -> None:
    found = candidates_file(simulated, "remission", demonstration=True)
    assert {"response", "remission", "c3_after", "died"} <= set(found.after_treatment)
    assert not {"c3", "age", "ivig_dose"} & set(found.after_treatment)


def test_empty_columns_from_after_treatment_are_not(tmp_path: Path, simulated: Path) -> None:
    frame = pd.read_csv(simulated)
    later = [c for c in frame if str(c).endswith("_after") or str(c) in ("response", "died")]
    frame[later] = None
    frame = frame[[c for c in frame if c in later or c in ("patient", "c3", "c4", "crp")]]
    frame.to_csv(tmp_path / "new.csv", index=False)
    found = candidates_file(tmp_path / "new.csv", "remission", demonstration=True)
    assert found.after_treatment == ()
    assert not found.simulated


def test_a_misspelt_column_stops_it(tmp_path: Path, model: Path) -> None:
    path = written(tmp_path, [{**p, "markr": 1} for p in PATIENTS])
    with pytest.raises(DocumentError, match="Did you mean marker"):
        candidates_file(path, model)
    assert len(candidates_file(path, model, ignore_unknown=True).candidates) == 3


def test_a_patient_who_is_there_twice_stops_it_without_the_identifier(
    tmp_path: Path, model: Path
) -> None:
    path = written(tmp_path, [*PATIENTS, {**PATIENTS[0], "c3": -1}])
    with pytest.raises(CohortError, match="there more than once") as error:
        candidates_file(path, model)
    (reason,) = error.value.reasons
    assert str(reason) == "rows 2, 5: are of the same patient."


def test_patients_without_an_identifier_are_called_by_row(tmp_path: Path, model: Path) -> None:
    rows = [{k: v for k, v in p.items() if k != "patient"} for p in PATIENTS]
    found = candidates_file(written(tmp_path, rows), model)
    assert {c.row for c in found.candidates} == {2, 3, 4}
    assert {c.patient for c in found.candidates} == {None}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": 0.0}, "threshold: it must lie between 0 and 1"),
        ({"threshold": 40.0}, "Write 0.25 for a probability of 25%"),
        ({"threshold": float("nan")}, "threshold: it must lie between 0 and 1"),
        ({"budget": 1000.0}, "budget: what a patient costs must be stated"),
        ({"budget": -1.0, "prices": "example"}, "budget: it must be above 0"),
        ({"budget": float("inf"), "prices": "example"}, "budget: it must be above 0"),
        ({"prices": "nowhere.yaml"}, r"nowhere\.yaml: no such file"),
    ],
)
def test_bad_options_are_named(
    tmp_path: Path, model: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(PredictorError, match=said):
        candidates_file(written(tmp_path, PATIENTS), model, **options)


def test_prices_need_a_weight_of_the_dictionary(tmp_path: Path, model: Path) -> None:
    with pytest.raises(DocumentError, match="is no variable of the model's dictionary in kg"):
        candidates_file(written(tmp_path, PATIENTS), model, prices="example")


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("{column: weight}", "there is no column weight, and the prices state no weight.default"),
        ("{column: weight, default: 1}", "weight.default must be 2 to 650 kg"),
        ("{column: age, default: 70}", "weight.column 'age' is no variable"),
    ],
)
def test_a_weight_that_cannot_be_had_is_named(
    tmp_path: Path, simulated: Path, weight: str, said: str
) -> None:
    text = f"source: x\ncurrency: EUR\nprice_per_gram: 1\ndose: 2\ncourses: 1\nweight: {weight}\n"
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PredictorError, match=said):
        candidates_file(simulated, "remission", demonstration=True, prices=str(tmp_path / "p.yaml"))


def test_an_empty_cohort_and_one_patient_as_a_document_are_refused(
    tmp_path: Path, model: Path
) -> None:
    (tmp_path / "empty.csv").write_text("patient,c3\n", encoding="utf-8")
    with pytest.raises(CohortError, match="there are no patients in it"):
        candidates_file(tmp_path / "empty.csv", model)
    (tmp_path / "one.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"a cohort is a table: \.csv or \.parquet"):
        candidates_file(tmp_path / "one.json", model)


def test_the_csv_has_a_row_for_every_patient_and_runs_no_formula(
    tmp_path: Path, model: Path
) -> None:
    rows = [*PATIENTS, {"patient": "=1+1", "c3": -3}]
    found = candidates_file(written(tmp_path, rows), model, threshold=0.4)
    write_candidates(found, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        read = list(csv.DictReader(stream))
    assert len(read) == 4
    assert [row["rank"] for row in read] == ["1", "2", "3", ""]
    assert read[-1]["patient"] == "'=1+1"
    assert "impossible" in read[-1]["without_rank"]
    assert {row["evidence"] for row in read} == {"exploratory"}
    assert {row["selected"] for row in read} <= {"0", "1"}


def test_the_json_file_is_what_is_printed(tmp_path: Path, model: Path) -> None:
    found = candidates_file(written(tmp_path, PATIENTS), model, threshold=0.4)
    write_candidates(found, tmp_path / "out.json")
    read = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert read == json.loads(json.dumps(candidates_json(found)))
    assert any("No model checks what speaks against" in note for note in read["notes"])


class _Outside(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "link", "img", "iframe", "object", "form"):
            self.found.append(tag)
        self.found += [
            name for name, _ in attrs if name in ("src", "href") or name.startswith("on")
        ]


def test_the_page_fetches_nothing_and_escapes_every_text(tmp_path: Path, model: Path) -> None:
    rows = [
        {**PATIENTS[0], "patient": "<script>alert(1)</script>"},
        {**PATIENTS[1], "patient": '"><img src=x onerror=alert(1)>'},
        {"patient": "<b>refused</b>", "c3": -1},
    ]
    found = candidates_file(written(tmp_path, rows), model, threshold=0.4)
    write_candidates(found, tmp_path / "out.html")
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    page = _Outside()
    page.feed(text)
    assert page.found == []
    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;refused" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_the_figure_is_a_png_and_needs_somebody(tmp_path: Path, model: Path) -> None:
    found = candidates_file(written(tmp_path, PATIENTS), model)
    write_candidates_figure(found, tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    nobody = candidates_file(written(tmp_path, [{"patient": "X", "c3": -1}], "none.csv"), model)
    with pytest.raises(PredictorError, match="every patient is refused"):
        write_candidates_figure(nobody, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_a_suffix_that_is_not_written_is_named(tmp_path: Path, model: Path) -> None:
    found = candidates_file(written(tmp_path, PATIENTS), model)
    with pytest.raises(PredictorError, match=r"written as \.csv, \.json or \.html"):
        write_candidates(found, tmp_path / "out.xlsx")


def test_text_numbers_with_a_decimal_comma_are_read_on_request(tmp_path: Path, model: Path) -> None:
    (tmp_path / "comma.csv").write_text(
        "patient;c3;marker;fever;organ\nA;45,5;30,1;no;skin\n", encoding="utf-8"
    )
    assert not candidates_file(tmp_path / "comma.csv", model).candidates
    assert candidates_file(tmp_path / "comma.csv", model, decimal=",").candidates
