"""The form and the answer as people get them: HTML without scripts, everything escaped."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made_bundles import (
    C3,
    FULL,
    LINEAR,
    PREDICTORS,
    UNBOUNDED,
    manifest,
    preparation,
    save,
    variable,
)
from starlette.testclient import TestClient

from predictor.clinic.answer_text import as_text
from predictor.clinic.prediction import predict
from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Range
from predictor.fitted.bundle import load_bundle, save_bundle
from predictor.fitted.venn_abers import VennAbers
from predictor.service.answer_page import MOST_STEPS, answer_page
from predictor.service.app import create_app
from predictor.service.forms import carried_over

TYPED = {
    "model": "made-up",
    "value.c3": "0.75",
    "unit.c3": "g/L",
    "value.marker": "40",
    "unit.marker": "mg/dL",
    "value.fever": "yes",
    "value.organ": "kidney",
}


class Page(HTMLParser):
    """Tags with their attributes, and the text, of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def text(self) -> str:
        return " ".join(self.words.split())

    def all(self, tag: str, **given: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag and given.items() <= a.items()]

    def one(self, tag: str, **given: str) -> dict[str, str | None]:
        (found,) = self.all(tag, **given)
        return found


def post(client: TestClient, **changes: str) -> Any:
    fields = TYPED | {name.replace("__", "."): text for name, text in changes.items()}
    return client.post("/", data=fields)


def test_the_form_is_made_of_the_bundles_own_variables(client: TestClient) -> None:
    page = Page(client.get("/").text)
    labels = {a["for"] for a in page.all("label")}
    entries = [a for tag in ("input", "select") for a in page.all(tag) if "id" in a]
    assert labels == {entry["id"] for entry in entries}
    assert {entry["name"] for entry in entries} == {
        "patient",
        "value.overlap",
        *(f"value.{v.name}" for v in PREDICTORS),
    }
    assert "Leave empty what is not known; at most 2 of 4 may stay empty." in page.text
    assert "Possible 1 to 500 mg/dL" in page.text
    units = page.one("select", name="unit.c3")
    assert units["aria-label"] == "Unit of Complement C3"
    assert {o["value"] for o in page.all("option")} >= {"mg/dL", "g/L", "kidney", "yes", ""}


def test_a_form_gives_the_answer_of_predict_whatever_the_unit(
    client: TestClient, made_up: Path
) -> None:
    found = post(client)
    assert found.status_code == 200
    page = Page(found.text)
    probability = predict(FULL, made_up).probability
    assert f"Remission, 6 months: {probability:.0%}" in page.text
    assert "Complement C3 75 mg/dL" in page.text
    assert "not the effect of a treatment, and no answer to whether" in page.text
    assert "Evidence: exploratory." in page.text
    assert "NOT FOR CARE" not in page.text


def test_a_demonstration_says_first_that_it_is_not_for_care(tmp_path: Path) -> None:
    evidence = {
        "level": "demonstration",
        "patients": 0,
        "events": 0,
        "simulated_patients": 500,
        "statement": "Simulated.",
    }
    app = create_app([save(tmp_path / "demonstration", evidence=evidence)])
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    for html in (client.get("/").text, post(client).text):
        main = html.partition("<main")[2]
        assert main.index("NOT FOR CARE") < main.index("<h1")


def test_every_mistake_is_shown_at_once_and_linked_to_its_field(client: TestClient) -> None:
    found = post(client, value__c3="1,5", value__marker="5 mg/dL", value__overlap="yes")
    assert found.status_code == 422
    page = Page(found.text)
    targets = {a["href"] for a in page.all("a") if (a.get("href") or "").startswith("#field")}
    wrong = {f"#{a['id']}" for t, a in page.tags if a.get("aria-invalid") == "true"}
    assert len(wrong) == 3
    assert targets == wrong
    for entry in (a for _, a in page.tags if a.get("aria-invalid") == "true"):
        described = (entry["aria-describedby"] or "").split()
        ids = {a.get("id") for _, a in page.tags}
        assert described
        assert set(described) <= ids
    assert "Complement C3: has a comma" in page.text
    assert "Marker: write the number alone and choose its unit beside it" in page.text
    assert "were not studied" in page.text
    assert page.words.strip().startswith("Error: Remission")


def test_what_was_typed_is_kept_after_a_mistake(client: TestClient) -> None:
    page = Page(post(client, value__c3="1,5", patient='"Ä" & <b>').text)
    assert page.one("input", name="value.c3")["value"] == "1,5"
    assert page.one("input", name="value.marker")["value"] == "40"
    assert page.one("input", name="patient")["value"] == '"Ä" & <b>'
    chosen = {a["value"] for a in page.all("option") if "selected" in a}
    assert chosen == {"g/L", "mg/dL", "yes", "kidney"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("abc", "is not a number; leave it empty if it is not known"),
        ("<10", "is a limit, not a number: write it without the sign, which is nearer"),
        ("≤ 10", "is a limit, not a number: write it without the sign, which is nearer"),
        (">= 200", "is a limit, not a number: write it without the sign, which is nearer"),
        # The middle of the cohort is 90: nobody knows on which side of it these are.
        ("<100", "is a limit, not a number, and tells too little: leave it empty"),
        (">10", "is a limit, not a number, and tells too little: leave it empty"),
        ("<many", "is a limit, not a number, and tells too little: leave it empty"),
        ("1:320", "is not a number"),
        ("-4", "is impossible: outside 1 to 500 mg/dL"),
        ("inf", "is infinite"),
    ],
)
def test_a_mistake_says_what_is_wrong_in_words_of_the_form(
    client: TestClient, typed: str, said: str
) -> None:
    page = Page(post(client, value__c3=typed, unit__c3="mg/dL").text)
    assert f"Complement C3: {said}" in page.text


def test_a_limit_is_weighed_in_the_unit_that_was_chosen(client: TestClient) -> None:
    # 2 g/L are 200 mg/dL, above the middle of the cohort: what lies below may be anything.
    page = Page(post(client, value__c3="<2", unit__c3="g/L").text)
    assert "Complement C3: is a limit, not a number, and tells too little" in page.text
    page = Page(post(client, value__c3="<2", unit__c3="mg/dL").text)
    assert "Complement C3: is a limit, not a number: write it without the sign" in page.text


def test_too_many_empty_fields_are_named_by_their_labels(client: TestClient) -> None:
    page = Page(client.post("/", data={"model": "made-up", "value.c3": "75"}).text)
    said = "with at most 2 of 4 missing. Unknown: Marker , Fever , Organ ."
    assert said in page.text.replace("Marker,", "Marker ,").replace("Fever,", "Fever ,").replace(
        "Organ.", "Organ ."
    )
    assert len({a["href"] for a in page.all("a") if "#field" in (a.get("href") or "")}) == 3


def test_empty_means_unknown_and_is_said(client: TestClient) -> None:
    page = Page(post(client, value__marker="", value__fever=" ").text)
    assert "Not measured, drawn from what the cohort suggests: Marker, Fever." in page.text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "O'Neil"]
)
def test_a_patients_name_is_text_and_nothing_else(client: TestClient, name: str) -> None:
    found = post(client, patient=name)
    page = Page(found.text)
    assert f"Patient: {name}" in page.text
    assert not page.all("script")
    assert not page.all("img")
    assert page.all("input", name="patient")[0]["value"] == name


def test_pages_hold_no_script_no_inline_style_and_nothing_from_outside(client: TestClient) -> None:
    for html in (client.get("/").text, post(client).text, post(client, value__c3="x").text):
        page = Page(html)
        assert not page.all("script")
        assert not page.all("style")
        assert not [a for _, a in page.tags for name in a if name == "style" or name[:2] == "on"]
        links = [a.get("href") or a.get("src") or a.get("action") for _, a in page.tags]
        assert all(link[0] in "/#" and link[:2] != "//" for link in links if link)


def test_pages_are_built_for_screen_readers(client: TestClient) -> None:
    for html in (client.get("/").text, post(client).text):
        page = Page(html)
        assert page.one("html")["lang"] == "en"
        assert len(page.all("main")) == len(page.all("h1")) == len(page.all("header")) == 1
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids))
        assert all(a.get("aria-hidden") == "true" for a in page.all("svg"))
        assert {a.get("scope") for a in page.all("th")} <= {"row", "col"}


def test_several_models_are_chosen_by_links_and_the_current_one_is_marked(two: TestClient) -> None:
    page = Page(two.get("/?model=another").text)
    assert page.one("nav")["aria-label"] == "Models"
    assert page.one("a", **{"aria-current": "page"})["href"] == "/?model=another"
    assert page.one("input", name="model")["value"] == "another"


def test_an_answer_leads_back_to_the_filled_form_and_to_the_other_models(two: TestClient) -> None:
    page = Page(post(two).text)
    hidden = {a["name"]: a["value"] for a in page.all("input", type="hidden")}
    assert hidden["model"] == "another"  # the last form on the page
    again = two.post("/", data={**hidden, "action": "edit"})
    assert again.status_code == 200
    form = Page(again.text)
    assert form.one("input", name="value.c3")["value"] == "0.75"
    assert "selected" in form.all("option", value="g/L")[0]
    assert "no place" not in form.text


def test_a_value_in_a_unit_that_the_other_model_does_not_take_is_left_behind(
    made_up: Path, tmp_path: Path
) -> None:
    narrow = dataclasses.replace(C3, units={"mg/dL": 1.0}, unit_slips=())
    dictionary = {v.name: v.to_dict() for v in (narrow, *PREDICTORS[1:])}
    bundle = load_bundle(save(tmp_path / "narrow", name="narrow", dictionary=dictionary))
    assert "value.c3" not in carried_over(TYPED, bundle)
    assert carried_over(TYPED | {"unit.c3": "mg/dL"}, bundle)["value.c3"] == "0.75"
    app = create_app([made_up, bundle.path])
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    found = client.post("/", data=TYPED | {"model": "narrow", "action": "edit"})
    assert "1 value has no place in this form and was left out." in Page(found.text).text


@pytest.mark.parametrize(
    "body",
    [
        "model=made-up&value.c3=1&value.c3=2",
        "model=made-up&value.nothing=1",
        "model=made-up&c3=75",
        "value.c3=%FF%FE",
        "&".join(f"value.a{i}=1" for i in range(2000)),
    ],
)
def test_a_form_that_is_not_ours_is_refused(client: TestClient, body: str) -> None:
    found = client.post(
        "/", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert found.status_code == 400


def test_a_browser_gets_problems_as_pages(client: TestClient) -> None:
    found = client.get("/nothing", headers={"accept": "text/html,*/*"})
    assert found.status_code == 404
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert Page(found.text).one("html")["lang"] == "en"


def test_the_model_of_an_address_must_be_served(client: TestClient) -> None:
    assert client.get("/?model=nobody").status_code == 422


def answered(made_up: Path, **changes: Any) -> Any:
    """A prediction with whatever a bundle may add to it."""
    prediction = predict(FULL, made_up)
    fields = {f.name: getattr(prediction, f.name) for f in dataclasses.fields(prediction)}
    return SimpleNamespace(**(fields | changes))


def test_an_interval_is_named_by_what_it_is(made_up: Path) -> None:
    found = SimpleNamespace(level=0.95, low=0.18, high=0.691, method="bootstrap", widening=0.08)
    page = answer_page(answered(made_up, interval=found), {})
    assert page.interval is not None
    assert (page.interval.level, page.interval.low, page.interval.high) == ("95%", "18%", "69%")
    assert (page.bar.low, page.bar.width) == (18.0, 51.1)
    assert page.interval.wider == 8
    found.level = None
    page = answer_page(answered(made_up, interval=found), {})
    assert page.interval is not None
    assert page.interval.level == ""
    assert not page.interval.beside
    page = answer_page(answered(made_up, interval=found, probability=0.17), {})
    assert page.interval is not None
    assert page.interval.beside
    assert not page.interval.contradicted


def ranged(folder: Path, high: float) -> TestClient:
    """A server of the made-up model with the range 0 to ``high`` for every score."""
    calibration = VennAbers(np.zeros(101), np.full(101, high))
    save_bundle(folder, manifest(), preparation(), LINEAR, {}, calibration=calibration)
    return TestClient(create_app([folder]), base_url="http://127.0.0.1:8000")


def test_a_calibration_range_says_of_whom_it_tells(tmp_path: Path) -> None:
    client = ranged(tmp_path / "b", 1.0)
    told = (
        "Of patients of the cohort with such a score, below 1% to above 99% had the event "
        "(calibration range, no confidence interval)"
    )
    page = Page(post(client).text)
    assert told in page.text
    assert "averaged over what was not measured" not in page.text
    assert (
        f"{told}; averaged over what was not measured" in Page(post(client, value__c3="").text).text
    )
    interval = client.post("/predict", json={"patient": FULL}).json()["interval"]
    assert interval == {"level": None, "low": 0, "high": 1, "method": "venn-abers", "widening": 0}


def test_a_contradiction_stands_with_the_figures_and_nowhere_else(tmp_path: Path) -> None:
    client = ranged(tmp_path / "b", 0.05)
    html = post(client).text
    assert (
        "Contradicted by its calibration range: of patients of the cohort with such a score, below "
        "1% to 5% had the event (no confidence interval). Do not rely on the percentage of this "
        "patient." in Page(html).text
    )
    figures = html.partition('<ul class="figures">')[2].partition("</ul>")[0]
    assert "Contradicted" in figures
    assert "Warning" not in html
    warnings = client.post("/predict", json={"patient": FULL}).json()["warnings"]
    assert [warning["code"] for warning in warnings] == ["calibration"]


def test_an_answer_without_an_interval_says_so(made_up: Path) -> None:
    page = answer_page(answered(made_up, interval=None), {})
    assert page.interval is None
    assert page.bar.low is None


def test_a_patient_unlike_the_cohort_is_told_of_first(made_up: Path) -> None:
    outside = SimpleNamespace(inside=False, distance_percentile=0.992)
    page = answer_page(answered(made_up, applicability=outside), {})
    told = " ".join(as_text(answered(made_up, applicability=outside)).split())
    assert page.outside.startswith("OUTSIDE what the model knows")
    assert told.startswith(page.outside)
    assert page.inside == ""
    inside = SimpleNamespace(inside=True, distance_percentile=0.62)
    page = answer_page(answered(made_up, applicability=inside), {})
    assert (page.outside, page.inside) == ("", "62%")


def test_the_waterfall_leads_from_the_average_patient_to_this_one(made_up: Path) -> None:
    page = answer_page(predict(FULL, made_up), {})
    at = page.base
    for step in page.steps:
        ends = {step.start, round(step.start + step.width, 2)}
        start = min(ends, key=lambda end: abs(end - at))
        assert start == pytest.approx(at, abs=0.7)
        (at,) = ends - {start}
    assert at == pytest.approx(page.end, abs=0.7)


def test_the_smallest_reasons_are_summed_up_in_the_drawing_and_listed_below(made_up: Path) -> None:
    template = predict(FULL, made_up).contributions[0]
    parts = tuple(
        dataclasses.replace(template, label=f"V{i}", contribution=(-1) ** i / (i + 1))
        for i in range(20)
    )
    page = answer_page(answered(made_up, contributions=parts), {})
    assert [len(page.steps), len(page.further)] == [MOST_STEPS + 1, 20 - MOST_STEPS]
    rest = sum(part.contribution for part in parts[MOST_STEPS:])
    assert page.steps[-1].effect == f"{rest:+.2f}".replace("-", "−")


def test_values_stand_beside_what_is_typical(made_up: Path) -> None:
    prediction = predict(FULL, made_up)
    first = prediction.contributions[0]
    named = {f.name: getattr(first, f.name) for f in dataclasses.fields(first)}
    part = SimpleNamespace(**(named | {"typical": 75.0, "standing": "low"}))
    page = answer_page(answered(made_up, contributions=(part,)), {})
    unit = readable_unit(first.unit)
    assert page.steps[0].typical == f"75 {unit}".strip()
    assert page.steps[0].standing == "low"


def test_a_probability_is_never_certain(made_up: Path) -> None:
    page = answer_page(answered(made_up, probability=0.9999), {})
    assert page.probability == "above 99%"


def test_powers_of_ten_are_written_as_people_write_them(tmp_path: Path) -> None:
    cells = variable(
        "marker",
        unit="10*9/L",
        units={"10*9/L": 1.0, "/uL": 0.001},
        plausible=None,
        suspicious=None,
        unit_slips=(),
    )
    dictionary = {v.name: v.to_dict() for v in (C3, cells, *PREDICTORS[2:])}
    assert preparation().names[1] == UNBOUNDED.name == cells.name
    app = create_app([save(tmp_path / "cells", dictionary=dictionary)])
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    assert ">× 10⁹/L</option>" in client.get("/").text
    assert "10*9" not in Page(post(client, unit__marker="10*9/L").text).text


def test_a_limit_of_the_population_has_its_own_field(tmp_path: Path) -> None:
    age = variable(
        "age",
        label="Age",
        unit="a",
        units={"a": 1.0},
        plausible=Range(0, 120),
        suspicious=None,
        unit_slips=(),
    )
    folder = save(
        tmp_path / "made-up",
        outcome={**manifest()["outcome"], "limits": {"age": [18, None]}},
        dictionary={v.name: v.to_dict() for v in (*PREDICTORS, age)},
    )
    client = TestClient(create_app([folder], token=None), base_url="http://127.0.0.1")
    page = Page(client.get("/").text)
    assert "For made-up patients. Others are given no prediction" in page.text
    page.one("input", name="value.age")
    refused = Page(client.post("/", data={**TYPED, "value.age": "12", "unit.age": "a"}).text)
    assert "outside the model's population: made-up patients, at least 18 years." in refused.text
    answered = client.post("/", data={**TYPED, "value.age": "40", "unit.age": "a"})
    assert answered.status_code == 200
    (model,) = client.get("/models").json()["models"]
    assert [(entry["name"], entry["limit"]) for entry in model["limits"]] == [("age", [18.0, None])]
