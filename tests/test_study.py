"""A study: what each wrong configuration is told, and that nothing else ever leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.documents import Document, parse_yaml
from predictor.errors import ConfigError, DictionaryError, DocumentError, PredictorError
from predictor.study import Study, load_study, study_from

RIGHT = """\
name: demo
question:
  outcome: response
  event: [remission]
  horizon: 6 months
  population: adults
cohort:
  patient: id
  units: {c3: g/L}
predictors: [age, c3, c4, proteinuria, fever, indication]
baseline: c3
models:
  ridge: {penalty: [0.1, 1]}
validation: {folds: 5}
"""


def study_of(text: str, folder: Path = Path()) -> Study:
    return study_from(parse_yaml(text, "demo.yaml"), folder)


def test_a_right_configuration_is_a_study() -> None:
    study = study_of(RIGHT)
    assert study.config.predictors[1] == "c3"
    assert study.dictionary.name == "sle_ivig"


@pytest.mark.parametrize(
    ("before", "after", "line", "parts"),
    [
        ("baseline:", "basline:", 11, ["unknown key 'basline'", "did you mean baseline?"]),
        ("folds: 5", "foldz: 5", 14, ["validation.foldz", "did you mean folds?"]),
        ("penalty: [", "penalties: [", 13, ["models.ridge.penalties", "did you mean penalty?"]),
        ("ridge:", "rigde:", 13, ["unknown key 'rigde'", "did you mean ridge?"]),
        ("validation: {folds: 5}", "folds: 5", 14, ["'folds'", "belongs under validation"]),
        ("validation: {folds: 5}", "zzz: 5", 14, ["'zzz'", "valid here: baseline, choose"]),
        ("baseline: c3\n", "", None, ["the key 'baseline' is needed here"]),
        ("adults\n", "adults\n  limits: {agee: [1, 2]}\n", 7, ["'agee'", "Did you mean age?"]),
        ("adults\n", "adults\n  limits: {age: [9, 2]}\n", 7, ["nobody can lie between 9 and 2"]),
        ("adults\n", "adults\n  limits: {age: [null, null]}\n", 7, ["limits nothing"]),
        ("adults\n", "adults\n  limits: {fever: [0, 1]}\n", 7, ["no number that is known at"]),
        ("adults\n", "adults\n  limits: {age: [18]}\n", 7, ["question.limits.age"]),
        ("  horizon: 6 months\n", "", 2, ["question", "the key 'horizon' is needed"]),
        ("folds: 5", "folds: five", 14, ["validation.folds", "expected a whole number."]),
        ("folds: 5", "folds: 1", 14, ["validation.folds", "greater than or equal to 2"]),
        ("folds: 5", "folds: 5.5", 14, ["validation.folds", "expected a whole number."]),
        ("folds: 5", "group: center", 14, ["'centre'", "Did you mean centre?"]),
        ("[0.1, 1]", "[0.1, -1]", 13, ["models.ridge.penalty.1", "greater than 0"]),
        ("[0.1, 1]", "[0.1, big]", 13, ["models.ridge.penalty.1", "expected a number."]),
        ("[0.1, 1]", "[1, 1.0]", 13, ["models.ridge.penalty", "named twice: 1.0"]),
        ("[0.1, 1]", "[]", 13, ["models.ridge.penalty", "at least one entry"]),
        ("  ridge: {penalty: [0.1, 1]}", "  {}", 12, ["models", "name at least one of firth"]),
        ("models:\n  ridge: {penalty: [0.1, 1]}", "models: ridge", 12, ["expected keys"]),
        (
            "event: [remission]",
            "event: [no]",
            4,
            ["a whole number or a number or text", 'write "no"'],
        ),
        ("event: [remission]", "event: []", 4, ["question.event", "at least one entry"]),
        ("patient: id", "patient: no", 8, ["cohort.patient", "expected text", 'write "no"']),
        ("patient: id", "patient: 7", 8, ["expected text", "Write the number in quotes"]),
        ("patient: id", "delimiter: ;;", 8, ["cohort.delimiter", "','", "';'"]),
        ("patient: id", "missing: [-99]", 8, ["cohort.missing.0", "Write the number in quotes"]),
        ("name: demo", "name: ../demo", 1, ["name", "expected a letter or digit"]),
        ("[age, c3,", "[age, c3, c3,", 10, ["predictors", "named twice: c3"]),
        ("[age, c3,", "[age, c33, c3,", 10, ["predictors.1", "'c33'", "Did you mean c3?"]),
        ("[age, c3,", "[age, c3_after, c3,", 10, ["predictors.1", "only after time zero"]),
        ("[age, c3,", "[age, ivig_courses, c3,", 10, ["predictors.1", "after time zero"]),
        ("[age, c3,", "[age, remission, c3,", 10, ["predictors.1", "after time zero"]),
        ("outcome: response", "outcome: c4", 10, ["predictors.2", "the outcome itself"]),
        ("patient: id", "columns: {c4: response}", 10, ["predictors.2", "the outcome itself"]),
        ("patient: id", "patient: c4", 10, ["predictors.2", "identifies the patient"]),
        ("patient: id", "columns: {c3: x, c4: x}", 10, ["c3 and c4", "same column"]),
        ("baseline: c3", "baseline: esr", 11, ["'esr' is not among the predictors"]),
        ("baseline: c3", "baseline: c33", 11, ["not among", "Did you mean c3?"]),
        ("{c3: g/L}", "{c3: furlong}", 9, ["cohort.units.c3", "'furlong'", "Accepted: mg/dL"]),
        ("{c3: g/L}", "{proteinuria: mg/mg}", 9, ["mg/mg cannot be converted to mg/day"]),
        ("{c3: g/L}", "{fever: g/L}", 9, ["cohort.units.fever", "binary variable has no unit"]),
        ("{c3: g/L}", "{c33: g/L}", 9, ["cohort.units.c33", "Did you mean c3?"]),
        ("patient: id", "columns: {haemglobin: hb}", 8, ["Did you mean haemoglobin?"]),
        (
            "patient: id",
            "values: {fever: {x: yess}}",
            8,
            ["'yess' is no value", "Did you mean yes?"],
        ),
        ("patient: id", "values: {c3: {x: low}}", 8, ["'low' is no value", "Known: numbers"]),
        ("patient: id", "exclude: [c3]", 8, ["cohort.exclude.0", "not an exclusion criterion"]),
        ("patient: id", "exclude: [overlap]", 8, ["'overlap'", "Did you mean overlap_syndrome?"]),
        ("patient: id", "accept_suspected_leakage: esr", 8, ["'esr' is not among"]),
        ("folds: 5", "group: centre", 14, ["folds by centre need the key `cohort.centre`"]),
        ("patient: id", "repeated_rows: true", 8, ["whose rows are repeated"]),
        (
            "folds: 5",
            "group: none}\npreparation: {missing_indicators: [esr]",
            15,
            ["missing_indicators.0", "not among"],
        ),
    ],
)
def test_each_error_names_line_key_rule_and_the_nearest_name(
    before: str, after: str, line: int | None, parts: list[str]
) -> None:
    assert RIGHT.count(before) == 1
    with pytest.raises(ConfigError, match=r"the configuration breaks rules. Mend these") as caught:
        study_of(RIGHT.replace(before, after))
    found = [str(reason) for reason in caught.value.reasons]
    place = "demo.yaml" if line is None else f"demo.yaml, line {line}"
    fitting = [text for text in found if text.startswith(place) and all(p in text for p in parts)]
    assert fitting, "\n".join(found)
    assert len(found) <= 2  # one slip, no cascade


def test_rows_of_a_patient_cannot_be_split_over_folds() -> None:
    text = RIGHT.replace("patient: id", "patient: id\n  repeated_rows: true")
    assert study_of(text).config.cohort.repeated_rows
    with pytest.raises(ConfigError, match="trained on and tested on at once"):
        study_of(text.replace("folds: 5", "group: none"))


def test_all_errors_are_listed_at_once() -> None:
    text = RIGHT.replace("folds: 5", "folds: 0, repeats: x").replace("baseline: c3", "basline: c3")
    with pytest.raises(ConfigError, match="breaks rules") as caught:
        study_of(text)
    codes = {reason.code for reason in caught.value.reasons}
    assert codes == {"missing", "greater_than_equal", "int_type", "extra_forbidden"}


def test_a_document_that_is_no_mapping_holds_no_configuration() -> None:
    for text in ("", "[1, 2]", "text"):
        with pytest.raises(ConfigError, match=r"holds no configuration\. See `predictor init`"):
            study_of(text)


def test_a_dictionary_of_ones_own_is_read_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "name: own\nvariables:\n  x: {label: X, kind: continuous, unit: '1', source: test}\n",
        encoding="utf-8",
    )
    text = (
        "name: s\nquestion: {outcome: o, event: 1, horizon: h, population: p}\ncohort: {}\n"
        "predictors: [x]\nbaseline: x\nmodels: {ridge: }\ndictionary: own.yaml\n"
    )
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    study = load_study(tmp_path / "study.yaml")
    assert study.dictionary.name == "own"
    assert study.folder == tmp_path
    with pytest.raises(DocumentError, match=r"other\.yaml: no such file"):
        study_of(text.replace("own.yaml", "other.yaml"), tmp_path)
    (tmp_path / "own.yaml").write_text("variables: {}\n", encoding="utf-8")
    with pytest.raises(DictionaryError, match="1 problem in this dictionary"):
        load_study(tmp_path / "study.yaml")


def test_shipped_configurations_are_found_by_name(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [path.stem for path in (root / "configs").glob("*.yaml")]
    assert "sle_low_disease_activity" in names
    for name in names:
        assert load_study(name).config.models
    # an existing path wins
    (tmp_path / names[0]).write_text(RIGHT, encoding="utf-8")
    assert load_study(names[0]).config.name == "demo"


@pytest.mark.parametrize("name", ["nowhere.yaml", "a\0b", "x" * 5000, "configs/none.yaml", "~"])
def test_an_unknown_configuration_is_named_with_what_is_shipped(name: str) -> None:
    with pytest.raises(ConfigError, match=r"no such configuration.*sle_low_disease_activity"):
        load_study(name)


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["c3", "yes", "g/L", "[x]", "int", "1", "str(x)"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5)
            | st.integers()
            | st.sampled_from(["penalty", "c3", "folds", "int", "str", "[key]", "ridge", "event"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_like)
def test_anything_as_configuration_is_a_study_or_an_error_of_ours(data: Any) -> None:
    try:
        study_from(Document("configuration", data), Path())
    except PredictorError as error:
        assert str(error)  # noqa: PT017 - either way is fine


@settings(max_examples=300)
@given(st.data())
def test_a_right_configuration_with_anything_anywhere_is_a_study_or_an_error_of_ours(
    data: st.DataObject,
) -> None:
    config: Any = parse_yaml(RIGHT).data
    part = config
    while True:
        key = data.draw(st.sampled_from(sorted(part, key=str)))
        if not isinstance(part[key], dict) or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = data.draw(json_like)
    extra = data.draw(st.dictionaries(st.sampled_from(["units", "values", "columns"]), json_like))
    if isinstance(config.get("cohort"), dict):
        config["cohort"].update(extra)
    try:
        study_from(Document("configuration", config), Path())
    except PredictorError as error:
        assert str(error)  # noqa: PT017 - either way is fine


@pytest.mark.parametrize("path", ["validation.folds", "question.event", "name", "cohort.sheet"])
def test_a_whole_number_too_long_to_be_written_is_no_crash(path: str) -> None:
    config: Any = parse_yaml(RIGHT).data
    part, last = path.split(".") if "." in path else ("", path)
    (config[part] if part else config)[last] = 10**5000
    try:
        study_from(Document("configuration", config), Path())
    except ConfigError as error:
        assert len(str(error)) < 500  # noqa: PT017 - either way is fine
