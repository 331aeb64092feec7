"""Reading YAML and JSON: nothing guessed, every refusal a DocumentError with its line."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from predictor.documents import (
    YAML_LIMIT,
    load_json,
    load_yaml,
    parse_json,
    parse_yaml,
    read_limited,
)
from predictor.errors import DocumentError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3),
        ("-0", 0),
        ("12345678901234567890", 12345678901234567890),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        # what YAML 1.1 would turn into another number, a date or a time
        ("1:320", "1:320"),
        ("017", "017"),
        ("-012.5", "-012.5"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("2024-11-20", "2024-11-20"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("<10", "<10"),
        ("12,5", "12,5"),
        ("y", "y"),
        ("n", "n"),
        # quoted is text, whatever it looks like
        ("'1'", "1"),
        ('"no"', "no"),
        ("'null'", "null"),
    ],
)
def test_a_plain_scalar_is_what_it_looks_like_and_nothing_cleverer(
    written: str, meant: object
) -> None:
    value = parse_yaml(f"a: {written}").data["a"]
    assert value == meant
    assert type(value) is type(meant)


def test_a_number_too_long_to_be_meant_stays_text() -> None:
    assert parse_yaml(f"a: {'9' * 6000}").data == {"a": "9" * 6000}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives_yaml(number: float) -> None:
    assert parse_yaml(f"a: {number!r}").data["a"] == number


whole = st.none() | st.booleans() | st.integers(-(10**30), 10**30)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)


def nested(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.text("abcdefgh_1 ", min_size=1, max_size=8)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=15,
    )


@given(nested(whole | finite | words))
def test_json_means_what_the_standard_library_reads(data: Any) -> None:
    assert parse_json(json.dumps(data)).data == data


@given(nested(whole | words))
def test_yaml_written_by_pyyaml_with_quotes_comes_back(data: Any) -> None:
    class Quoting(yaml.SafeDumper):
        def ignore_aliases(self, _: object) -> bool:
            return True

    Quoting.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    )
    written = yaml.dump(data, Dumper=Quoting, allow_unicode=True)
    assert parse_yaml(written).data == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", r"line 3: a key is there twice \(first in line 1\)\. Keep one"),
        ("m: {a: 1, a: 2}", "a key is there twice"),
        ("a:\n\tb: 1", "line 2: a tab stands where YAML wants spaces. Indent with spaces"),
        ("\ta: 1", "line 1: a tab stands"),
        ("a: &x 1\nb: *x", "line 1: anchors and aliases"),
        ("a: *nowhere", "line 1: anchors and aliases"),
        ("&x a: *x", "anchors and aliases"),
        ("a: &x [*x]", "anchors and aliases"),
        ("<<: {a: 1}", "line 1: merge keys"),
        ("a: !!python/object:os.system 1", "line 1: tags"),
        ("a: !!float 1", "line 1: tags"),
        ("!!binary a: 1", "line 1: tags"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("no: 1", r'line 1: an unquoted no means true or false.*Write "no" in quotes'),
        ("sex:\n  On: 1", r'line 2: an unquoted On means true or false.*Write "On" in quotes'),
        ("? [a, b]\n: 1", "a key must be a single word or number"),
        ("a: [1, 2", "not valid YAML"),
        ("a: b: c", "line 1: not valid YAML"),
        ("ok: 1\na: |\n  x\x00", "line 3: not valid YAML.*character"),
        ('a: "\\U00110000"', "out of range"),
        ('a: "\\UFFFFFFFF"', "out of range"),
        (f"%YAML {'9' * 5000}.1\n---\na: 1", "out of range"),
        ('a: "\\ud800"', "half of a UTF-16 pair"),
        ('"\\ud800": 1', "half of a UTF-16 pair"),
        ("[" * 5000, "nested too deeply"),
        ("{a: " * 2000 + "}" * 2000, "nested too deeply"),
        ("- " * 5000, "nested too deeply"),
    ],
)
def test_yaml_that_is_not_plain_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse_yaml(text, "c.yaml")


def test_aliases_cannot_multiply() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)
    )
    with pytest.raises(DocumentError, match="anchors and aliases"):
        parse_yaml(bomb)


def test_a_document_knows_the_line_and_the_dotted_name_of_its_keys() -> None:
    document = parse_yaml("a:\n  b:\n    - x\n    - c: 1\n", "c.yaml")
    assert document.place("a", "b", 1, "c") == "c.yaml, line 4, a.b.1.c"
    assert document.line("a", "b", 0) == 3
    # what is not written has the line of what encloses it
    assert document.place("a", "missing") == "c.yaml, line 1, a.missing"


def test_unquoted_yes_and_no_are_truth_values_that_remember_their_word() -> None:
    document = parse_yaml("a: no\nb: [Yes, true]\nc: 'no'")
    assert document.data == {"a": False, "b": [True, True], "c": "no"}
    assert document.words == {("a",): "no", ("b", 0): "Yes"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"a": 1, "a": 2}',
            r"line 1, column 10: a key is there twice \(first in line 1, column 2\)",
        ),
        (
            '{"x": {"a": 1,\n "b": ["a:", {"a": 0}], "\\u0061": 2}}',
            "line 2, column 25: a key is there",
        ),
        (
            '{"\\"}": {"\\\\": [], "a": "{", "\\\\": {}}} rubbish',
            "line 1, column 30: a key is there",
        ),
        ("[NaN]", "NaN is not a number in JSON. Use null"),
        ("[-Infinity]", "-Infinity is not a number"),
        ('{\n"a": }', "line 2: not valid JSON"),
        ("", "line 1: not valid JSON"),
        ("[1] x", "not valid JSON"),
        ("9" * 5000, "too long to be meant"),
        ('["\\ud800"]', "half of a UTF-16 pair"),
        ('{"\\uDFFF": 1}', "half of a UTF-16 pair"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_json_that_is_not_plain_is_refused(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse_json(text, "p.json")


def test_an_escaped_pair_is_one_character() -> None:
    assert parse_json('"\\ud83d\\ude00"').data == "\U0001f600"


def test_many_keys_are_searched_for_a_repeated_one_in_one_pass() -> None:
    # quadratic search would take hours here
    keys = ",".join(f'"k{i}":1' for i in range(100_000))
    with pytest.raises(DocumentError, match="a key is there twice"):
        parse_json(f'{{{keys},"last":1,"last":2}}')


def error_or_document(parse: Any, text: str) -> None:
    try:
        document = parse(text)
    except DocumentError as error:
        assert len(str(error)) < 500  # noqa: PT017 - either way is fine, this one is short
        return
    # what was read can be written: no half characters, no cycles
    json.dumps(document.data, ensure_ascii=False).encode()


soup = st.text(
    st.sampled_from("ab01.-+:, \n\t[]{}#&*!|>'\"%@`?<\\~=Uuxd\x00\ufeff\x85\u2028é\U0001f600")
)


@given(st.text() | soup | st.text(st.characters(categories=["Cs", "Cc", "L"])))
def test_any_text_gives_a_document_or_a_document_error(text: str) -> None:
    error_or_document(parse_yaml, text)
    error_or_document(parse_json, text)


@given(st.binary(max_size=200) | soup.map(lambda text: text.encode("utf-16")))
def test_any_bytes_give_a_document_or_a_document_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    for load in (load_yaml, load_json):
        error_or_document(load, path)  # type: ignore[arg-type]


@given(st.text(st.sampled_from("a1é\\ud83D0\"' nU"), max_size=30))
def test_any_escape_gives_a_document_or_a_document_error(text: str) -> None:
    error_or_document(parse_yaml, f'a: "{text}"')
    error_or_document(parse_json, f'"{text}"')


@pytest.mark.parametrize(
    "text", ['{"SECRET": 1, "SECRET": 2}', '{"a": [{"SECRET": 1, "SECRET": 2}]}']
)
def test_a_key_that_is_there_twice_is_not_repeated(text: str) -> None:
    for read in (parse_json, parse_yaml):
        with pytest.raises(DocumentError, match="a key is there twice") as caught:
            read(text, "x")
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("load", [load_yaml, load_json])
def test_200_megabytes_are_refused_without_being_read(tmp_path: Path, load: Any) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match=r"larger than .* kB.*CSV or Parquet"):
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


def test_the_limit_is_inclusive(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 10)
    assert read_limited(path, 10) == b"x" * 10
    with pytest.raises(DocumentError, match="larger than"):
        read_limited(path, 9)
    assert YAML_LIMIT < 1024 * 1024


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"missing\.yaml: no such file"):
        load_yaml(tmp_path / "missing.yaml")
    with pytest.raises(DocumentError, match="this is a folder"):
        load_yaml(tmp_path)
    with pytest.raises(DocumentError, match="cannot be read"):
        load_yaml(tmp_path / ("x" * 5000))
    with pytest.raises(DocumentError, match=r"cannot be read|no such file"):
        load_yaml(Path("a\0b"))


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: größe\n".encode("latin-1"))
    with pytest.raises(DocumentError, match=r"line 2: not UTF-8 text. Save the file as UTF-8"):
        load_yaml(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "bom"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert load_json(path).data == {"a": 1}
    assert load_yaml(path).data == {"a": 1}


def test_an_empty_yaml_file_holds_nothing() -> None:
    assert parse_yaml("").data is None
    assert parse_yaml("# only a comment\n").data is None
