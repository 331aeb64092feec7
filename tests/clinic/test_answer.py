"""The answer in words, held to golden copies; ``UPDATE_GOLDEN=1`` writes them anew to be read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinic.answer import LINES, WIDTH, percent, shown_value
from predictor.clinic.prediction import Contribution, Prediction
from predictor.errors import Reason

GOLDEN = Path(__file__).with_name("golden")

LABORATORY = (
    ("Complement C3", "mg/dL", 45.0, -0.62),
    ("SLEDAI-2K", "1", 12.0, -0.41),
    ("Platelets", "10*9/L", 210.0, 0.29),
    ("Anti-dsDNA antibodies", "[IU]/mL", 320.5, -0.22),
    ("Sex", None, "female", 0.11),
    ("Erythrocyte sedimentation rate", "mm/h", 60.0, -0.07),
    ("White blood cells", "10*9/L", 4.1, 0.05),
    ("Age", "a", 31.0, -0.03),
    ("Glucocorticoid dose, prednisone equivalent", "mg/wk", 70.0, 0.02),
    ("Proteinuria", "mg/d", 1250.0, -0.01),
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
        Contribution(label.lower(), label, value, unit, effect)
        for label, unit, value, effect in LABORATORY
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
)


def imputed(prediction: Prediction, count: int) -> Prediction:
    parts = tuple(
        replace(part, value=None) if i < count else part
        for i, part in enumerate(prediction.contributions)
    )
    return replace(
        prediction, contributions=parts, imputed=tuple(part.variable for part in parts[:count])
    )


CASES = {
    "exploratory": EXPLORATORY,
    "demonstration": replace(
        EXPLORATORY,
        patient=None,
        probability=0.004,
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
            Reason("suspicious_unit", "c4", "is outside 2 to 80 mg/dL; looks like g/L"),
            Reason("suspicious_value", "esr", "is outside 0 to 150 mm/h"),
            *(Reason("suspicious_value", f"test_{i}", "is outside 1 to 9 U/L") for i in range(7)),
            Reason("not_used", "", "given but not used by this model: alt, ast, ck, ldh."),
        ),
    ),
    "many_imputed": imputed(EXPLORATORY, 5),
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
) -> None:
    parts = tuple(
        Contribution(f"v{i}", word, value, "10*9/L", effect)
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
    )
    lines = str(prediction).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    text = " ".join(str(prediction).split())
    assert "41%" in text
    assert "not the effect of a treatment" in text
    assert "DEMONSTRATION" in text
    if warnings:
        assert "Warning:" in text
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
        (1 / 3, "a", "0.333333 years"),
        ("female", None, "female"),
        (None, "mg/dL", "not measured"),
    ],
)
def test_values_are_shown_as_people_write_them(
    value: float | str | None, unit: str | None, text: str
) -> None:
    assert shown_value(Contribution("x", "X", value, unit, 0.1)) == text
