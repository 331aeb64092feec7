"""The answer in words, held to golden copies; ``UPDATE_GOLDEN=1`` writes them anew to be read."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinic.answer import outside, percent, shown_value
from predictor.clinic.answer_text import LINES, WIDTH
from predictor.clinic.prediction import OUTSIDE_ITS_RANGE
from predictor.clinic.results import Applicability, Contribution, Interval, Prediction
from predictor.errors import Reason

GOLDEN = Path(__file__).with_name("golden")

LABORATORY = (
    ("c3", "Complement C3", "mg/dL", 45.0, -0.62, 75.0, "low"),
    ("sledai_2k", "SLEDAI-2K", "1", 12.0, -0.41, 10.0, None),
    ("platelets", "Platelets", "10*9/L", 210.0, 0.29, 185.0, None),
    ("anti_dsdna", "Anti-dsDNA antibodies", "[IU]/mL", 320.5, -0.22, 210.0, "high"),
    ("sex", "Sex", None, "male", 0.11, "female", None),
    ("esr", "Erythrocyte sedimentation rate", "mm/h", 60.0, -0.07, 38.0, "high"),
    ("wbc", "White blood cells", "10*9/L", 4.1, 0.05, 4.8, None),
    ("age", "Age", "a", 31.0, -0.03, 36.0, None),
    ("dose", "Glucocorticoid dose, prednisone equivalent", "mg/wk", 70.0, 0.02, 105.0, None),
    ("proteinuria", "Proteinuria", "mg/d", 1250.0, -0.01, 410.0, "high"),
)

EXPLORATORY = Prediction(
    patient="P07",
    outcome="remission",
    label="remission",
    horizon="6 months",
    population="adults with active SLE treated with IVIG",
    probability=0.41,
    reference_probability=0.355,
    scale="log-odds",
    base_value=-0.6,
    contributions=tuple(
        Contribution(name, label, value, unit, effect, typical, standing)
        for name, label, unit, value, effect, typical, standing in LABORATORY
    ),
    imputed=(),
    warnings=(),
    evidence={
        "level": "exploratory",
        "patients": 31,
        "events": 11,
        "simulated_patients": 0,
        "statement": "31 patients with 11 events, compared by repeated cross-validation only. "
        "Sample size and signal have not been tested and no other patients have been tried.",
    },
    model={"name": "ivig-remission", "version": "1", "digest": "sha256:" + "0123456789ab" * 5},
    interval=Interval(0.95, 0.184, 0.693, "bootstrap"),
    applicability=Applicability(inside=True, distance_percentile=0.62),
    validation="Validation by resampling its cohort: AUROC 0.64 (95% interval 0.43 to 0.81; 0.5 is "
    "chance).",
    cohort_share=11 / 31,
)


def imputed(prediction: Prediction, count: int) -> Prediction:
    parts = tuple(
        replace(part, value=None, standing=None) if i < count else part
        for i, part in enumerate(prediction.contributions)
    )
    return replace(
        prediction,
        contributions=parts,
        imputed=tuple(part.variable for part in parts[:count]),
        interval=replace(prediction.interval, low=0.141, high=0.748, widening=0.098),
    )


SHIPPED = {
    "level": "demonstration",
    "patients": 0,
    "events": 0,
    "simulated_patients": 500,
    "statement": "Not for care. Trained on simulated patients: it shows how the software works and "
    "says nothing about real ones. 500 simulated patients with 161 events; at least 473 patients "
    "with 153 events needed: enough. Signal found: p = 0.005 with 200 permutations of the whole "
    "procedure.",
}
"""Evidence of the shipped models."""

RANGE = Interval(None, 0.31, 0.47, "venn-abers")
CONTRADICTED = (OUTSIDE_ITS_RANGE, Reason("suspicious_value", "esr", "is outside 0 to 150 mm/h"))
OUTSIDE = Applicability(inside=False, distance_percentile=0.97)


CASES = {
    "exploratory": EXPLORATORY,
    "demonstration": replace(
        EXPLORATORY,
        patient=None,
        probability=0.004,
        interval=Interval(0.95, 0.0003, 0.052, "bootstrap"),
        evidence={
            "level": "demonstration",
            "patients": 0,
            "events": 0,
            "simulated_patients": 500,
            "statement": "Not for care. Trained on 500 simulated patients: it shows how the "
            "software works and says nothing about real ones.",
        },
    ),
    "many_warnings": replace(
        imputed(EXPLORATORY, 1),
        warnings=(
            Reason("suspicious_unit", "c3", "is outside 20 to 250 mg/dL; looks like g/L"),
            Reason("suspicious_value", "esr", "is outside 0 to 150 mm/h"),
            *(Reason("suspicious_value", f"test_{i}", "is outside 1 to 9 U/L") for i in range(7)),
            Reason("not_used", "", "given but not used by this model: alt, ast, ck, ldh."),
        ),
    ),
    "unit_error": replace(
        imputed(EXPLORATORY, 2),
        applicability=replace(OUTSIDE, distance_percentile=1.0),
        evidence=SHIPPED,
        warnings=(
            Reason("suspicious_value", "esr", "is outside 0 to 150 mm/h"),
            Reason("suspicious_unit", "wbc", "is outside 0.5 to 50 10*9/L; looks like /uL"),
            Reason("not_used", "", "given but not used by this model: alt, ast, ck, ldh."),
        ),
    ),
    "many_imputed": imputed(EXPLORATORY, 5),
    "outside": replace(EXPLORATORY, applicability=OUTSIDE),
    "outside_demonstration": replace(
        EXPLORATORY,
        applicability=replace(OUTSIDE, distance_percentile=1.0),
        evidence=EXPLORATORY.evidence | {"level": "demonstration"},
    ),
    "calibration_range": replace(EXPLORATORY, interval=RANGE),
    "contradicted": replace(EXPLORATORY, probability=0.72, interval=RANGE, warnings=CONTRADICTED),
    "without_interval": replace(
        EXPLORATORY,
        interval=None,
        applicability=None,
        validation=None,
        cohort_share=None,
        warnings=(Reason("no_interval", "", "this model comes without an interval."),),
    ),
    "no_reasons": replace(
        EXPLORATORY,
        contributions=tuple(replace(part, contribution=0.0) for part in EXPLORATORY.contributions),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_the_golden_copy(case: str) -> None:
    path = GOLDEN / f"{case}.txt"
    found = f"{CASES[case]}\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_no_answer_speaks_of_what_only_a_trial_could_tell(case: str) -> None:
    """Design section 7: prognosis under treatment is no effect of it."""
    words = str(CASES[case]).lower()
    for word in ("benefit", "priority", "eligib", "recommend", "should", "respond", "candidate"):
        assert word not in words
    assert "not the effect of a treatment" in " ".join(words.split())


def test_a_demonstration_says_first_that_it_is_not_for_care() -> None:
    assert str(CASES["demonstration"]).startswith("DEMONSTRATION, NOT FOR CARE")


@pytest.mark.parametrize("case", ["outside", "outside_demonstration"])
def test_a_patient_unlike_the_cohort_is_told_of_in_the_first_line(case: str) -> None:
    lines = str(CASES[case]).splitlines()
    assert lines[0].startswith("OUTSIDE what the model knows")
    assert "Do not rely on the number below." in lines[1]
    near = [
        prediction for prediction in CASES.values() if outside(prediction.applicability) is None
    ]
    assert near
    assert not any("OUTSIDE" in str(prediction) for prediction in near)


def test_a_patient_farther_than_everybody_is_not_compared_with_100_percent() -> None:
    told = " ".join(str(CASES["outside_demonstration"]).split())
    assert "farther from the typical one than every one of the patients" in told
    almost = replace(EXPLORATORY, applicability=replace(OUTSIDE, distance_percentile=0.996))
    assert "than over 99% of the patients" in " ".join(str(almost).split())


def test_average_values_are_not_taken_for_the_share_that_had_the_event() -> None:
    told = str(CASES["exploratory"])
    assert "A patient with average values: 36% (35% of the cohort had the event)" in told
    assert "A patient with average values: 36%\n" in str(CASES["without_interval"])


def test_a_label_that_holds_the_horizon_is_not_followed_by_it() -> None:
    relapse = str(replace(EXPLORATORY, label="relapse (flare at 6 months)"))
    assert "Relapse (flare at 6 months): 41%" in relapse


def test_a_range_without_a_level_is_not_called_a_confidence_interval() -> None:
    text = " ".join(str(CASES["calibration_range"]).split())
    assert "no confidence interval" in text
    assert "95% interval (" not in text


def test_a_range_says_of_whom_it_tells_and_that_it_is_a_mean_where_values_are_missing() -> None:
    told = " ".join(str(CASES["calibration_range"]).split())
    assert "Of patients of the cohort with such a score, 31% to 47% had the event" in told
    assert "not measured" not in told
    gaps = replace(CASES["calibration_range"], imputed=("c3",))
    assert "averaged over what was not measured" in " ".join(str(gaps).split())


@pytest.mark.parametrize(
    ("probability", "beside"), [(0.41, False), (0.474, False), (0.476, True), (0.29, True)]
)
def test_a_probability_somewhat_outside_its_range_is_said_to_be(
    probability: float, beside: bool
) -> None:
    told = " ".join(str(replace(CASES["calibration_range"], probability=probability)).split())
    assert ("no confidence interval); the number above lies outside it" in told) == beside


@pytest.mark.parametrize("far", [False, True])
def test_a_probability_that_its_range_contradicts_is_never_left_alone(far: bool) -> None:
    """However little room there is: it stands in the head, right below the number."""
    warnings = tuple(Reason("suspicious_value", "esr", "is odd " * 20) for _ in range(30))
    prediction = replace(
        imputed(CASES["contradicted"], 5),
        interval=RANGE,
        warnings=(*warnings, OUTSIDE_ITS_RANGE),
        applicability=OUTSIDE if far else None,
        population="adults " * 40,
        evidence=EXPLORATORY.evidence | {"level": "demonstration", "statement": "word " * 80},
    )
    lines = str(prediction).splitlines()
    assert len(lines) <= LINES
    place = next(i for i, line in enumerate(lines) if line.endswith("72%"))
    told = " ".join(" ".join(lines[place + 1 : place + 3]).split())
    assert told == (
        "CONTRADICTED by its calibration range: of patients of the cohort with such a score, 31% "
        "to 47% had the event (no confidence interval). Do not rely on the number above."
    )


def test_a_contradiction_is_told_once() -> None:
    told = str(CASES["contradicted"])
    assert told.count("calibration range") == 1
    assert told.count("Warning") == 1


def test_only_gaps_that_move_the_interval_are_said_to_widen_it() -> None:
    assert "missing values make it 10 percentage points wider" in str(CASES["many_imputed"])
    assert "wider" not in str(CASES["exploratory"])
    hardly = replace(CASES["many_imputed"], interval=Interval(0.95, 0.2, 0.7, "bootstrap", 0.004))
    assert "wider" not in str(hardly)


def test_what_looks_like_an_error_stands_below_the_number_by_kind_and_in_clinical_words() -> None:
    lines = str(CASES["unit_error"]).splitlines()
    place = next(i for i, line in enumerate(lines) if line.endswith("41%"))
    assert lines[place + 2 : place + 4] == [
        "Warning, check the unit: White blood cells 4.1 x10^9/L (outside 0.5 to 50 x10^9/L; looks",
        "  like /uL).",
    ]
    assert lines[place + 4].startswith("Warning, check the value: Erythrocyte sedimentation rate")
    assert "Given but not used by this model: alt, ast, ck, ldh." in lines
    assert len(lines) <= LINES


ODD = ("suspicious_unit", "suspicious_value")


@pytest.mark.parametrize("count", range(1, 11))
@pytest.mark.parametrize("far", [False, True])
def test_no_value_that_looks_like_an_error_is_left_out(count: int, far: bool) -> None:
    """Whatever else there is to say: reasons, evidence and population give way."""
    odd = tuple(
        Reason(ODD[i % 2], part.variable, "is outside 1 to 1500 10*9/L; looks like /uL")
        for i, part in enumerate(EXPLORATORY.contributions[:count])
    )
    unused = Reason("not_used", "", f"given but not used by this model: {', '.join('abcdefg')}.")
    limits = tuple(Reason("beyond_limit", "c3", "is only a limit. " * 9) for _ in range(9))
    prediction = replace(
        imputed(EXPLORATORY, 5),
        applicability=OUTSIDE if far else None,
        evidence=SHIPPED,
        population="adults with SLE before their first IVIG " * 5,
        warnings=(unused, *limits, *odd),
    )
    lines = str(prediction).splitlines()
    assert len(lines) <= LINES
    checks = " ".join(line for line in "\n".join(lines).split("\nA patient with")[0].splitlines())
    checks = " ".join(checks[checks.index("Warning, check") :].split())
    for part in prediction.contributions[:count]:
        assert part.label[:29] in checks
    assert "…" not in checks.replace("Glucocorticoid dose, predniso…", "")


def test_more_odd_values_than_lines_are_counted() -> None:
    parts = tuple(
        Contribution(f"v{i}", f"Laboratory value number {i}", 1.0, "U/L", 0.1) for i in range(500)
    )
    odd = tuple(
        Reason("suspicious_value", part.variable, "is outside 2 to 9 U/L") for part in parts
    )
    text = str(replace(EXPLORATORY, contributions=parts, warnings=odd))
    assert len(text.splitlines()) <= LINES
    told = re.search(r"number \d+ and (\d+) more\.", " ".join(text.split()))
    assert told is not None
    checks = text[text.index("Warning, check") : text.index("A patient with")]
    assert int(told[1]) + checks.count("Laboratory") == 500


@pytest.mark.parametrize("case", CASES)
def test_no_sentence_is_cut(case: str) -> None:
    assert "…" not in str(CASES[case])


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("gaps", range(6))
def test_evidence_loses_whole_sentences_from_its_end_and_never_the_first(
    gaps: int, far: bool
) -> None:
    prediction = replace(
        imputed(EXPLORATORY, gaps),
        evidence=SHIPPED,
        applicability=OUTSIDE if far else None,
        warnings=tuple(Reason("suspicious_value", f"v{i}", "is odd") for i in range(gaps)),
    )
    lines = str(prediction).splitlines()
    assert len(lines) <= LINES
    start = next(i for i, line in enumerate(lines) if line.startswith("Evidence: "))
    end = next(i for i, line in enumerate(lines) if line.startswith("Validation"))
    told = " ".join(" ".join(lines[start:end]).split()).removeprefix("Evidence: demonstration. ")
    assert told.startswith("Not for care.")
    assert told.endswith(".")
    assert str(SHIPPED["statement"]).startswith(told)


def test_a_usual_answer_says_all_of_the_evidence() -> None:
    told = " ".join(str(replace(EXPLORATORY, evidence=SHIPPED)).split())
    assert str(SHIPPED["statement"]) in told


words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=200)


@given(
    label=words,
    horizon=words,
    population=words,
    statement=words,
    name=words,
    patient=words,
    variables=st.lists(
        st.tuples(words, st.floats(-50, 50), st.none() | st.floats(-1e12, 1e12)), max_size=50
    ),
    warnings=st.lists(st.builds(Reason, words, words, words), max_size=30),
    interval=st.none()
    | st.builds(
        Interval,
        st.none() | st.just(0.95),
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from(["bootstrap", "venn-abers"]),
        st.floats(0, 1),
    ),
    applicability=st.none() | st.builds(Applicability, st.booleans(), st.floats(0, 1)),
    validation=st.none() | words,
)
def test_whatever_it_must_say_an_answer_keeps_its_size(
    label: str,
    horizon: str,
    population: str,
    statement: str,
    name: str,
    patient: str,
    variables: list[tuple[str, float, float | None]],
    warnings: list[Reason],
    interval: Interval | None,
    applicability: Applicability | None,
    validation: str | None,
) -> None:
    parts = tuple(
        Contribution(f"v{i}", word, value, "10*9/L", effect, value, "low")
        for i, (word, effect, value) in enumerate(variables)
    )
    prediction = replace(
        EXPLORATORY,
        label=label,
        horizon=horizon,
        population=population,
        patient=patient,
        contributions=parts,
        imputed=tuple(part.variable for part in parts if part.value is None),
        warnings=tuple(warnings),
        evidence=EXPLORATORY.evidence | {"level": "demonstration", "statement": statement},
        model={"name": name[:100], "version": "1", "digest": "sha256:0"},
        interval=interval,
        applicability=applicability,
        validation=validation,
    )
    lines = str(prediction).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    text = " ".join(str(prediction).split())
    assert "41%" in text
    assert "not the effect of a treatment" in text
    assert "DEMONSTRATION" in text
    assert lines[0].startswith("OUTSIDE") == (
        applicability is not None and not applicability.inside
    )
    if warnings:
        assert "Warning" in text
    if prediction.imputed:
        assert "Not measured" in text


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "below 1%"),
        (0.0099, "below 1%"),
        (0.01, "1%"),
        (0.5, "50%"),
        (0.99, "99%"),
        (0.9901, "above 99%"),
    ],
)
def test_no_probability_is_shown_as_certain(probability: float, text: str) -> None:
    assert percent(probability) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (45.0, "mg/dL", "45 mg/dL"),
        (0.75, "mg/dL", "0.75 mg/dL"),
        (1250000.0, "1", "1250000"),
        (210.0, "10*9/L", "210 x10^9/L"),
        (5.2, "10*12/L", "5.2 x10^12/L"),
        (1 / 3, "a", "0.333333 years"),
        ("female", None, "female"),
        (None, "mg/dL", "not measured"),
    ],
)
def test_values_are_shown_as_people_write_them(
    value: float | str | None, unit: str | None, text: str
) -> None:
    part = Contribution("x", "X", value, unit, 0.1)
    assert shown_value(part) == part.shown == text
