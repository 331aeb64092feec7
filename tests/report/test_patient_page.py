"""One patient's page says what the answer says, in its order, whatever the patient is called."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from predictor.clinic.answer import NOT_FOR_CARE
from predictor.clinic.results import Applicability, Contribution, Interval, Prediction
from predictor.errors import Reason
from predictor.report.contents.patient import MOST_STEPS, patient_report
from predictor.report.document import Facts, Figure, Listing, Paragraph, blocks_of, tables_of
from predictor.report.page.patients import sheet

HOSTILE = ("<script>alert(1)</script>", "=cmd()|'x'!A1", "a\u202eb", "x" * 200, "👩🏽‍⚕️")


def part(number: int, effect: float, **changes: Any) -> Contribution:
    found = Contribution(f"v{number}", f"Variable {number}", 210.0, "10*9/L", effect, 180.0, "high")
    return replace(found, **changes)


PARTS = (part(1, 1.0), part(2, -0.5, value=None, standing=None), part(3, 0.25))
ANSWER = Prediction(
    patient="P07",
    outcome="response",
    label="remission",
    horizon="6 months",
    population="made-up patients",
    probability=0.537,
    reference_probability=0.354,
    scale="log-odds",
    base_value=-0.6,
    contributions=PARTS,
    imputed=("v2",),
    warnings=(),
    evidence={"level": "exploratory", "statement": "31 patients with 11 events."},
    model={"name": "made-up", "version": "1", "digest": "sha256:0123456789abcdef"},
    interval=Interval(0.95, 0.2, 0.7, "bootstrap", 0.12),
    applicability=Applicability(True, 0.62),
    validation="AUROC 0.73.",
)
UNIT = Reason("suspicious_unit", "v1", "is outside 1 to 1500 10*9/L; looks like /uL")


def answer(**changes: Any) -> Prediction:
    return replace(ANSWER, **changes)


def page_of(prediction: Prediction) -> str:
    return sheet(patient_report(prediction, day="2026-01-01"))


def seen(text: str) -> str:
    """The words of a page, as they are read."""
    body = text.partition("<body")[2].partition(">")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def texts(prediction: Prediction) -> list[str]:
    found = []
    for block in blocks_of(patient_report(prediction, day="2026-01-01").sections):
        if isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Listing):
            found += block.items
    return found


def facts(prediction: Prediction) -> list[tuple[str, str, str]]:
    blocks = blocks_of(patient_report(prediction, day="2026-01-01").sections)
    return [(f.label, f.value, f.meaning) for b in blocks if isinstance(b, Facts) for f in b.facts]


def test_what_forbids_relying_on_the_number_stands_before_it() -> None:
    found = seen(
        page_of(
            answer(
                applicability=Applicability(False, 0.995),
                evidence={"level": "demonstration", "statement": "Not for care."},
                warnings=(UNIT,),
            )
        )
    )
    order = (
        "OUTSIDE what the model knows: this patient is farther from the typical one than over 99%",
        NOT_FOR_CARE,
        "check the unit: Variable 1 210 × 10⁹/L (outside 1 to 1500 × 10⁹/L; looks like /uL).",
        "Remission, 6 months: 54%",
        "P07",
        "95% interval 20% to 70%",
        "What moves it",
        "Not measured, drawn from what the cohort suggests: Variable 2.",
        "Evidence: demonstration.",
        "AUROC 0.73.",
        "treated as those of the cohort were (made-up patients). It is not the effect of a",
        "Model made-up, version 1, sha256:0123456789ab",
    )
    places = [found.find(sentence) for sentence in order]
    assert -1 not in places, dict(zip(order, places, strict=True))
    assert places == sorted(places)


def test_nothing_is_said_that_does_not_hold() -> None:
    found = seen(page_of(ANSWER))
    assert "OUTSIDE" not in found
    assert "NOT FOR CARE" not in found
    assert "Like the patients of the cohort: 62% of them lie nearer" in found


@pytest.mark.parametrize(
    ("changes", "label", "value", "said"),
    [
        ({}, "95% interval", "20% to 70%", "missing values make it 12 percentage points wider"),
        ({"interval": None}, "Interval", "none", "stays unknown"),
        (
            {"interval": Interval(None, 0.2, 0.7, "Venn-Abers"), "imputed": ()},
            "Calibration range",
            "20% to 70%",
            "no confidence interval.",
        ),
        (
            {"interval": Interval(None, 0.2, 0.7, "Venn-Abers")},
            "Calibration range",
            "20% to 70%",
            "Averaged over what was not measured.",
        ),
        (
            {"interval": Interval(None, 0.6, 0.7, "Venn-Abers")},
            "Calibration range",
            "60% to 70%",
            "The number of this patient lies outside it.",
        ),
    ],
)
def test_the_interval_is_what_it_is(
    changes: dict[str, Any], label: str, value: str, said: str
) -> None:
    found = facts(answer(**changes))[1]
    assert found[:2] == (label, value)
    assert found[2].endswith((said, f"{said}."))


def test_a_contradicted_number_is_called_so() -> None:
    warning = Reason("calibration", "", "told with the number")
    interval = Interval(None, 0.1, 0.2, "Venn-Abers")
    found = texts(answer(interval=interval, warnings=(warning,)))
    assert any(text.startswith("CONTRADICTED by its calibration range") for text in found)
    assert not any("told with the number" in text for text in found)


@pytest.mark.parametrize("count", [1, MOST_STEPS, MOST_STEPS + 1, MOST_STEPS + 2, 60])
def test_the_steps_lead_from_the_average_patient_to_this_one(count: int) -> None:
    parts = tuple(part(i, (1 if i % 2 else -1) / (i + 1)) for i in range(count))
    report = patient_report(answer(contributions=parts), day="2026-01-01")
    figure = next(b for b in blocks_of(report.sections) if isinstance(b, Figure))
    rows = figure.tables[0].rows
    assert len(rows) == min(count, MOST_STEPS + 1)
    total = ANSWER.base_value + sum(p.contribution for p in parts)
    assert rows[-1]["cumulative"] == pytest.approx(total, abs=1e-12)
    every = list(tables_of(report.sections))[-1]
    assert len(every.rows) == count


def test_a_row_says_value_standing_and_what_is_typical() -> None:
    report = patient_report(ANSWER, day="2026-01-01")
    rows = next(tables_of(report.sections)).rows
    assert rows[0]["value"] == "210 × 10^9/L, high; typical 180 × 10^9/L"
    assert rows[1]["value"] == "not measured; typical 180 × 10^9/L"


def test_a_model_that_nothing_moves_has_no_figure() -> None:
    still = answer(contributions=(part(1, 0.0),))
    assert any(text.startswith("Nothing moves it") for text in texts(still))


def test_very_many_warnings_leave_room_for_the_rest() -> None:
    warnings = tuple(Reason("odd", "v1", f"is odd {i}.") for i in range(40))
    found = [text for text in texts(answer(warnings=warnings)) if "arning" in text]
    assert len(found) == 9
    assert found[-1].startswith("32 more warnings")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_identifier_and_a_label_are_text_whatever_they_hold(text: str) -> None:
    hostile = answer(
        patient=text, contributions=(part(1, 1.0, label=text, value=text, typical=text),)
    )
    found = page_of(hostile)
    assert "<script" not in found
    title = found.partition("<title>")[2].partition("</title>")[0]
    assert title == "Remission, 6 months: 54%"  # a browser's history keeps titles


def test_the_page_asks_for_nothing() -> None:
    found = page_of(ANSWER)
    assert "default-src 'none'; style-src 'sha256-" in found
    assert "script-src" not in found
    assert not re.search(r"(?:src|href)=\"(?!data:text/csv|#)", found)
    assert "http" not in found.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
