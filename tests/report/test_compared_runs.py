"""Runs side by side: who may be compared with whom, and that the page says what the rows hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import chromium

from predictor.report.comparison import ComparedRun, Figured, compare
from predictor.report.comparison_text import comparison_text
from predictor.report.contents.comparison import comparison_report
from predictor.report.document import Figure, tables_of
from predictor.report.page.html import page

QUESTION = {
    "label": "remission",
    "event": ["remission"],
    "horizon": "6 months",
    "population": "made-up patients",
    "time_zero": "first infusion",
    "limits": {"age": [18, None]},
}
FIRST = ComparedRun(
    name="first",
    outcome="response",
    question=QUESTION,
    cohort_digest="sha256:aaaaaaaaaaaa",
    patients=500,
    events=161,
    simulated=False,
    model="Ridge logistic",
    version="1",
    digest="sha256:1",
    corrected=True,
    figures={
        "auroc": Figured(0.8312, 0.79, 0.88),
        "calibration_slope": Figured(0.98, 0.79, 1.19),
        "brier": Figured(0.147),
    },
    verdict="ready for external validation",
    headline="Ready for external validation.",
    evidence="internally validated",
)
SECOND = replace(FIRST, name="second", digest="sha256:2", model="Random forest")


def other(**changes: Any) -> ComparedRun:
    return replace(SECOND, **changes)


def asked(**changes: Any) -> ComparedRun:
    return replace(SECOND, question=QUESTION | changes)


def codes(*runs: ComparedRun) -> list[str]:
    return [caution.code for caution in compare(runs).cautions]


def test_runs_of_one_question_on_the_same_patients_can_be_compared() -> None:
    found = compare([FIRST, SECOND])
    assert found.comparable
    assert found.groups == ("A", "A")
    assert codes(FIRST, SECOND) == ["same_patients"]
    assert "the best of several figures is too good" in found.cautions[0].message


@pytest.mark.parametrize(
    ("run", "code", "said"),
    [
        (asked(label="relapse"), "other_outcome", "(first: remission; second: relapse)"),
        (
            other(outcome="other"),
            "other_outcome",
            "(first: remission (column response); second: remission (column other))",
        ),
        (asked(horizon="1 year"), "other_definition", "differ in the horizon"),
        (asked(event=["a"], limits={}), "other_definition", "the event and the limits of"),
        (other(cohort_digest="sha256:b"), "other_cohort", "(first: aaaaaaaa; second: b)"),
        (other(cohort_digest=None), "unknown_cohort", "behind second is not known"),
    ],
)
def test_what_forbids_a_comparison_is_said(run: ComparedRun, code: str, said: str) -> None:
    found = compare([FIRST, run])
    assert not found.comparable
    assert found.groups == ("A", "B")
    assert found.headline.startswith("None of the 2 runs can be compared")
    assert [caution.code for caution in found.cautions] == [code]
    assert said in found.cautions[0].message


def test_two_unknown_cohorts_are_not_the_same_one() -> None:
    unknown = [replace(run, cohort_digest=None) for run in (FIRST, SECOND)]
    assert compare(unknown).groups == ("A", "B")


def test_some_can_be_compared_and_others_not() -> None:
    found = compare([FIRST, asked(label="relapse"), replace(SECOND, name="third")])
    assert found.groups == ("A", "B", "A")
    assert found.headline.startswith("Of the 3 runs only those with the same letter")


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (other(simulated=True), "simulated"),
        (other(corrected=False), "not_corrected"),
        (other(figures={"brier": Figured(0.1, by="cross_validated")}), "not_corrected_figure"),
        (other(digest=FIRST.digest), "same_model"),
    ],
)
def test_what_a_reader_must_know_is_said_of_comparable_runs_too(
    run: ComparedRun, code: str
) -> None:
    assert codes(FIRST, run) == [code, "same_patients"]


def test_no_two_runs_have_one_name() -> None:
    names = [replace(FIRST, name=name) for name in ("a", "a", "a (1)")]
    assert [run.name for run in compare(names).runs] == ["a (2)", "a (3)", "a (1)"]


def test_runs_stay_in_the_order_in_which_they_were_named() -> None:
    assert [row["name"] for row in compare([SECOND, FIRST]).rows()] == ["second", "first"]


def test_the_text_shows_as_many_runs_beside_each_other_as_there_is_room_for() -> None:
    found = compare([replace(FIRST, name=f"run {i}") for i in range(5)])
    for width in (60, 100, 400):
        text = "\n".join(part for part in comparison_text(found, width) if "\n" in part)
        assert max(map(len, text.splitlines())) <= width
        assert all(f"run {i}" in text for i in range(5))
    assert "0.83 (0.79 to 0.88)" in text
    assert "0.15" in text


def test_no_name_commands_the_terminal() -> None:
    found = compare([replace(FIRST, name="a\x1b[2Jb"), SECOND])
    assert "\x1b" not in "".join(comparison_text(found, 100))


def test_every_figure_of_the_page_draws_the_rows_of_the_comparison() -> None:
    found = compare([FIRST, asked(label="relapse")])
    report = comparison_report(found)
    figures = {b.id: b for s in report.sections for b in s.blocks if isinstance(b, Figure)}
    assert list(figures) == ["comparison-auroc", "comparison-calibration_slope", "comparison-brier"]
    drawn = figures["comparison-auroc"].tables[0].rows
    assert [(row["label"], row["value"], row["low"]) for row in drawn] == [
        ("first", 0.8312, 0.79),
        ("second", 0.8312, 0.79),
    ]
    assert drawn[1]["group"] == "B: relapse, cohort aaaaaaaa"
    assert next(tables_of(report.sections)).rows == tuple(found.rows())


def test_the_page_escapes_what_a_study_is_called() -> None:
    text = page(comparison_report(compare([replace(FIRST, name="<b>=cmd()</b>"), SECOND])))
    assert "<b>=cmd" not in text
    assert "&lt;b&gt;=cmd()" in text


@pytest.mark.slow
def test_every_column_of_the_page_is_seen_on_a_wide_screen(tmp_path: Path) -> None:
    name = "every predictor, cross-validated"
    slope = {"calibration_slope": Figured(0.83, -10.79, 10.88)}
    wide = replace(
        SECOND,
        name=name,
        corrected=False,
        figures=dict.fromkeys(FIRST.figures, Figured(0.83, 0.79, 0.88)) | slope,
        verdict="no better than the prevalence",
        headline="No better than the prevalence, whatever was tried. " * 3,
    )
    (tmp_path / "page.html").write_text(page(comparison_report(compare([FIRST, wide]))))
    with chromium() as browser:
        shown = browser.new_page(viewport={"width": 1440, "height": 900})
        shown.goto((tmp_path / "page.html").as_uri())
        cut = shown.evaluate(
            "[...document.querySelectorAll('main .table .scroll')]"
            ".map(box => [box.innerText.slice(0, 40), box.scrollWidth - box.clientWidth])"
            ".filter(([, over]) => over > 0)"
        )
    assert cut == []


def test_what_is_not_defined_is_no_number() -> None:
    empty = replace(SECOND, figures={}, events=None)
    found = compare([FIRST, empty])
    assert found.to_dict()["runs"][1]["auroc"] is None
    assert "not defined" in "\n".join(comparison_text(found, 100))
    assert page(comparison_report(found)).startswith("<!DOCTYPE html>")
