"""The page as a file: whole, escaped, self-contained, and complete."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import made_report as made
import pytest

from predictor.report.contents.report import report_of
from predictor.report.contents.source import open_source
from predictor.report.document import (
    Column,
    Facts,
    Figure,
    Paragraph,
    Report,
    Section,
    Table,
    blocks_of,
    tables_of,
)
from predictor.report.page.anchors import anchors
from predictor.report.page.html import page

VOID = {"meta", "link", "br", "hr", "img", "input"}
SHAPES = {"line", "rect", "circle", "polyline", "polygon", "path"}
LIMIT = 3_000_000


class Page(HTMLParser):
    """Reads a page strictly: what is opened is closed, and nothing twice in an element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID | SHAPES, f"{tag} cannot be empty"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"{tag} was never opened"
        assert self.open.pop() == tag, f"{tag} closes something else"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.text.append(data)

    def all(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def text() -> str:
    return page(made.report())


@pytest.fixture(scope="module")
def read(text: str) -> Page:
    return Page(text)


def sound(found: Page) -> None:
    """Ids are unique, links lead somewhere, and nothing leads out of the file."""
    ids = found.values("id")
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", name) for name in ids)
    for address in found.values("href"):
        assert address.startswith(("#", "data:text/csv;"))
        if address.startswith("#"):
            assert address[1:] in ids
    for name in ("aria-labelledby", "aria-describedby"):
        assert {part for value in found.values(name) for part in value.split()} <= set(ids)
    assert not found.values("src")
    assert not found.values("style")
    assert not [name for _, names in found.elements for name in names if name.startswith("on")]


def test_the_page_is_whole_and_leads_nowhere_else(read: Page) -> None:
    sound(read)


def test_it_begins_with_the_verdict_and_holds_every_section_in_order(read: Page) -> None:
    names = [attributes.get("id", "") for attributes in read.all("section")]
    expected = []
    for section in made.report().sections:
        expected += [section.id, *(part.id for part in section.parts)]
    assert names == expected
    first = read.elements.index(("section", read.all("section")[0]))
    assert first < read.elements.index(("nav", read.all("nav")[0]))


def test_every_word_of_the_report_stands_in_it(read: Page) -> None:
    said = " ".join(" ".join(read.text).split())
    report = made.report()
    expected = [report.title, report.subtitle, report.verdict.headline, *report.missing]
    for block in blocks_of(report.sections):
        data = dataclasses.asdict(block)
        data.pop("block")
        for key in ("text", "title", "alternative", "note", "items", "facts", "checks"):
            expected += [] if key not in data else list(_words(data[key]))
    for table in tables_of(report.sections):
        expected += [table.caption, *(column.label for column in table.columns if table.rows)]
    silent = {"leak", "epp", "drift", "centre", "gone", "patients", "a-roc"}  # names for programs
    for words in expected:
        assert words in silent or " ".join(words.split()) in said


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [word for part in value.values() for word in _words(part)]
    if isinstance(value, list | tuple):
        return [word for part in value for word in _words(part)]
    return []


def test_evidence_is_linked_where_it_is_and_left_out_where_it_is_not(read: Page) -> None:
    links = [address for address in read.values("href") if address.startswith("#")]
    assert links.count("#a-roc") == 1
    assert links.count("#patients") == 2  # contents and an item of the checklist
    assert "#gone" not in links


def test_every_table_can_be_saved(read: Page) -> None:
    names = [attributes["download"] for attributes in read.all("a") if "download" in attributes]
    assert names == [f"{t.id}.csv" for t in tables_of(made.report().sections) if t.rows]


def test_every_figure_is_there_for_wide_and_narrow_pages(read: Page) -> None:
    widths = Counter(attributes["class"] for attributes in read.all("svg"))
    assert widths == {"figure wide": len(made.FIGURES), "figure narrow": len(made.FIGURES)}


def test_the_policy_allows_only_the_style_and_the_script_of_the_page(text: str, read: Page) -> None:
    (policy,) = [m["content"] for m in read.all("meta") if "http-equiv" in m]
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_the_same_report_gives_the_same_bytes(text: str) -> None:
    assert page(made.report()) == text


def hostile(value: str) -> Report:
    """A report in which every text is one."""

    def changed(thing: Any, *, within: str = "") -> Any:
        if isinstance(thing, str):
            return thing if within in KEPT else value
        if isinstance(thing, tuple):
            return tuple(changed(part, within=within) for part in thing)
        if isinstance(thing, dict):
            kept = {"variable", "states", "reference"}  # who is who
            return {k: part if k in kept else changed(part) for k, part in thing.items()}
        if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
            return dataclasses.replace(
                thing,
                **{
                    field.name: changed(getattr(thing, field.name), within=field.name)
                    for field in dataclasses.fields(thing)
                },
            )
        return thing

    found: Report = changed(made.report())
    return found


KEPT = {"id", "kind", "block", "tone", "status", "answered", "key", "section", "code"}


@pytest.mark.parametrize("value", [*made.HOSTILE, "C3\ud800"], ids=range(len(made.HOSTILE) + 1))
def test_no_text_breaks_out_of_its_place(value: str) -> None:
    report = hostile(value)
    read, usual = Page(page(report)), Page(page(made.report()))
    sound(read)
    # Beside texts that are kept apart for their direction there is no other element than usual.
    kinds = {tag for tag, _ in usual.elements} | {"bdi", "title"}
    assert {tag for tag, _ in read.elements} <= kinds
    assert len(read.all("script")) == 1
    assert len(read.all("style")) == 1


def test_text_from_the_right_does_not_turn_round_its_neighbours() -> None:
    said = page(hostile("abc\u202egnp.exe \u05d0\u05d1 61"))
    assert "\u202e" not in said[: said.index("<body>")]
    body = re.sub(r'href="data:[^"]*"', "", said[said.index("<body>") :])
    assert "\u202e" not in body
    assert "abcgnp.exe <bdi>\u05d0\u05d1</bdi> 61" in body
    assert "abc\\u202egnp.exe" in body  # in what may be copied into a program it is to be seen


def test_ids_that_are_names_of_columns_become_anchors() -> None:
    names = ("a b<c>", "a-b-c", "1", "ä", "x" * 300, "a b>c<")
    report = made.report(sections=tuple(Section(name, "T", ()) for name in names))
    found = [anchor.name for anchor in anchors(report).values()]
    assert found[:4] == ["a-b-c", "a-b-c-2", "part-1", "part"]
    assert len(set(found)) == len(names)
    assert max(map(len, found)) < 70
    sound(Page(page(report)))


def test_a_report_of_nothing_is_a_page() -> None:
    read = Page(page(made.report(sections=(), missing=())))
    sound(read)
    assert made.report().title in "".join(read.text)


def test_very_many_rows_stay_within_three_megabytes() -> None:
    swarm = made.beeswarm(4000)
    rows = tuple(
        {"label": f"Centre {n}", "value": n / 1e4, "note": "of made-up numbers" * 3}
        for n in range(9000)
    )
    large = Figure(
        "large", "bars", "Large", "Many.",
        (Table("many", "Many", (Column("label", "Centre"),), rows[:40]),), {},
    )  # fmt: skip
    table = Table("rows", "Rows", (Column("label", "Centre"), Column("value", "V", "number")), rows)
    report = made.report(sections=(Section("a", "A", (swarm, large, table)),))
    text = page(report)
    assert len(text.encode()) < LIMIT
    assert "all of them are in the file" in text


def test_a_study_of_sixty_variables_stays_within_three_megabytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(made, "VARIABLES", [(f"v{n}", f"Variable {n}") for n in range(60)])
    dependence = made.dependence()
    many = [
        dataclasses.replace(
            dependence,
            id=f"dependence-{n}",
            tables=(dataclasses.replace(dependence.tables[0], id=f"rows-{n}"),),
        )
        for n in range(60)
    ]
    blocks = (*many, made.beeswarm(200), made.ranks(), made.bars())
    report = made.report(sections=(*made.report().sections, Section("many", "Many", blocks)))
    text = page(report)
    assert len(text.encode()) < LIMIT
    assert "report.json holds" in text


def test_the_headline_stands_out_once(text: str) -> None:
    assert text.count('class="headline plain"') == 1


def test_a_warning_is_said_in_words_and_not_by_colour_alone() -> None:
    blocks = (Paragraph("a", "warning"), Paragraph("b", "alert"), Facts(()))
    said = page(made.report(sections=(Section("s", "S", blocks),)))
    assert "Warning:</strong> a" in said
    assert "Important:</strong> b" in said


@pytest.mark.parametrize("model", ["remission", "relapse"])
def test_the_page_of_a_shipped_model_is_sound(model: str) -> None:
    report = report_of(open_source(model))
    text = page(report)
    sound(Page(text))
    assert len(text.encode()) < LIMIT
    figures = [b for b in blocks_of(report.sections) if isinstance(b, Figure)]
    assert text.count('class="figure wide"') == len(figures)
