"""REDCap exports: raw or with labels, checkboxes, hidden fields, missing codes, repetitions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictor.cohort.sources.redcap import read_redcap
from predictor.cohort.sources.redcap_logic import is_shown
from predictor.config import CohortSource
from predictor.config_sources import RedcapSource
from predictor.errors import CohortError

HEADER = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels",Field Note,'
    "Text Validation Type OR Show Slider Number,Branching Logic (Show field only if...)"
)
DICTIONARY = f"""{HEADER}
record_id,person,,text,Record,,,,
sex,person,,radio,<b>Sex</b> at birth,"1, Female | 2, Male",,,
fever,visit,,yesno,Fever,,,,
crp,visit,,text,CRP,,,number_comma_decimal,
signs,visit,,checkbox,Signs,"1, Rash | 2, Oral ulcers | -99, Not asked",,,[fever] = '1'
note,visit,,notes,Remark,,,,
"""
RAW = """record_id,sex,person_complete,fever,crp,signs___1,signs___2,signs____99,note,visit_complete
A,1,2,1,"12,5",1,0,0,,2
B,2,2,0,-99,0,0,0,,2
C,1,2,,,0,0,0,,0
D,2,2,1,3,0,0,1,,2
E,1,2,1,4,0,0,0,,2
"""
LABELS = """Record,Sex at birth,Complete?,Fever,CRP,Signs (choice=Rash),Signs (choice=Oral ulcers),\
Signs (choice=Not asked),Remark,Complete?
A,Female,Complete,Yes,"12,5",Checked,Unchecked,Unchecked,,Complete
B,Male,Complete,No,Not done,Unchecked,Unchecked,Unchecked,,Complete
C,Female,Complete,,,Unchecked,Unchecked,Unchecked,,Incomplete
D,Male,Complete,Yes,3,Unchecked,Unchecked,Checked,,Complete
E,Female,Complete,Yes,4,Unchecked,Unchecked,Unchecked,,Complete
"""


def table(
    folder: Path, export: str, dictionary: str = DICTIONARY, **settings_: object
) -> dict[str, list[object]]:
    (folder / "export.csv").write_text(export, encoding="utf-8")
    (folder / "dictionary.csv").write_text(dictionary, encoding="utf-8")
    given_ = {
        "file": "export.csv",
        "dictionary": "dictionary.csv",
        "missing_codes": {"-99": "Not done"},
        **settings_,
    }
    source = RedcapSource.model_validate(given_)
    found = read_redcap(source, folder, CohortSource())
    return {name: list(cells) for name, cells in found.columns.items()}


def test_a_raw_export_becomes_codes_with_missing_ones_left_empty(tmp_path: Path) -> None:
    found = table(tmp_path, RAW)
    assert found["sex"] == ["1", "2", "1", "2", "1"]
    assert found["fever"] == ["1", "0", None, "1", "1"]
    assert found["crp"] == ["12.5", None, None, "3", "4"]  # the field is declared with a comma


def test_what_nobody_could_tick_is_missing_and_not_no(tmp_path: Path) -> None:
    found = table(tmp_path, RAW)
    # B: hidden, no fever. C: the form was never filled in. D: ticked as not asked. E: none of them.
    assert found["signs___1"] == ["1", None, None, None, "0"]
    assert found["signs___2"] == ["0", None, None, None, "0"]
    assert "signs____99" not in found


def test_an_export_with_labels_gives_the_same_table(tmp_path: Path) -> None:
    raw, labels = table(tmp_path, RAW), table(tmp_path, LABELS)
    states = {"person_complete", "visit_complete"}
    assert {k: v for k, v in raw.items() if k not in states} == {
        k: v for k, v in labels.items() if k not in states
    }


@pytest.mark.parametrize("export", [RAW, LABELS], ids=["raw", "labels"])
def test_labels_can_be_asked_for(tmp_path: Path, export: str) -> None:
    found = table(tmp_path, export, choices="labels")
    assert found["sex"] == ["Female", "Male", "Female", "Male", "Female"]
    assert found["fever"][:2] == ["1", "0"]


REPEATED = """record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,\
sex,fever,crp,note
A,base_arm_1,,,1,,,
A,base_arm_1,visit,1,,1,5,
A,base_arm_1,visit,2,,0,6,
B,base_arm_1,,,2,,,
B,base_arm_1,visit,1,,,7,
C,base_arm_1,,,2,,,
"""


def test_repetitions_become_visits_and_get_what_is_asked_once(tmp_path: Path) -> None:
    found = table(tmp_path, REPEATED, once="sex")
    assert found["record_id"] == ["A", "A", "B"]
    assert found["sex"] == ["1", "1", "2"]
    assert found["crp"] == ["5", "6", "7"]
    assert found["redcap_repeat_instance"] == ["1", "2", "1"]


def test_without_a_word_nothing_is_carried_from_row_to_row(tmp_path: Path) -> None:
    found = table(tmp_path, REPEATED)
    assert found["sex"] == ["1", None, None, "2", None, "2"]


def test_two_values_of_what_is_asked_once_are_counted_and_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"more than one value in a record.*\n.*1 rows"):
        table(tmp_path, REPEATED.replace("A,base_arm_1,visit,2,,0", "A,x,visit,2,2,0"), once="sex")


def test_labels_that_could_be_two_fields_are_refused(tmp_path: Path) -> None:
    two = DICTIONARY.replace("notes,Remark", "notes,Fever")
    with pytest.raises(CohortError, match="more than one field: fever"):
        table(tmp_path, LABELS.replace(",Remark,", ",Other,"), two)


@pytest.mark.parametrize(
    ("dictionary", "message"),
    [
        ("a,b\n1x,2x\n", "no data dictionary of REDCap: it lacks Variable"),
        (DICTIONARY + "sex,person,,text,Again,,,,\n", "line 8: the field sex is there twice"),
        (DICTIONARY.replace("1, Female", "Female"), "line 3: a choice is written as code"),
        (HEADER + "\nother,x,,text,Other,,,,\n", "none of its columns is a field"),
        (HEADER + "\n", "has no fields"),
    ],
)
def test_a_dictionary_that_cannot_be_is_named(
    tmp_path: Path, dictionary: str, message: str
) -> None:
    with pytest.raises(CohortError, match=message):
        table(tmp_path, RAW, dictionary)


def test_missing_files_are_named(tmp_path: Path) -> None:
    source = RedcapSource(file="e.csv", dictionary="d.csv")
    with pytest.raises(CohortError, match="no such data dictionary"):
        read_redcap(source, tmp_path, CohortSource())
    (tmp_path / "d.csv").write_text(DICTIONARY)
    with pytest.raises(CohortError, match="no such file"):
        read_redcap(source, tmp_path, CohortSource())
    with pytest.raises(CohortError, match="is a CSV file"):
        read_redcap(source, tmp_path, CohortSource(), tmp_path / "e.parquet")


def test_a_field_that_is_asked_once_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="the export has no field born"):
        table(tmp_path, RAW, once=["born"])


def written(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)
known = st.sampled_from(["", "1", "2", "0", "Yes", "No", "Female", "Checked", "Unchecked", "-99"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*[st.one_of(known, cells)] * 6), min_size=1, max_size=6))
def test_whatever_an_export_says_it_is_read_or_refused(
    tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    header = ["record_id", "sex", "fever", "crp", "signs___1", "note"]
    try:
        found = table(tmp_path, written(header, rows))
    except CohortError:
        return
    for name, choices in {"sex": {"1", "2"}, "fever": {"1", "0"}}.items():
        place = header.index(name)
        told = [row[place].strip() for row in rows]
        for cell in found[name]:
            # A cell is a code, nothing, or what was written.
            assert cell is None or cell in choices or cell in told


FIELDS: Mapping[str, str] = {"a": "1", "b": "", "c___2": "0"}


@pytest.mark.parametrize(
    ("logic", "shown"),
    [
        ("", True),
        ("[a] = 1", True),
        ('[a] = "2"', False),
        ("[b] <> ''", False),
        ("[c(2)] = '0' AND ([a]='2' or [a] >= 1)", True),
        ("[gone] = '1'", None),
        ("[gone] = '1' and [a] = '2'", False),
        ("[gone] = '1' or [a] = '1'", True),
        ("[event_1][a] = '1'", None),
        ("[a] = '1' [b]", None),
        ("(" * 60 + "[a] = '1'" + ")" * 60, None),
    ],
)
def test_logic_is_followed_where_it_is_understood(logic: str, shown: bool | None) -> None:
    assert is_shown(logic, FIELDS.get) is shown


@given(st.text(alphabet="[]()abc'\"=<>! 12andor_", max_size=60))
def test_no_logic_stops_a_reading(logic: str) -> None:
    assert is_shown(logic, FIELDS.get) in (True, False, None)
