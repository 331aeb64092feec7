"""Reading YAML and JSON strictly: nothing guessed, every error with its line.

YAML 1.1, which PyYAML implements, turns ``1:30`` into 90, ``1e-3`` into text and lets a repeated
key win silently. In a file that decides about patients none of this may happen, so plain scalars
are resolved here by four rules (null, true/false, whole number, decimal number) and everything
else stays text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from predictor.errors import DocumentError

if TYPE_CHECKING:
    import yaml

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes a JSON document may have."""

YAML_LIMIT = 512 * 1024
"""Bytes a YAML document may have: PyYAML reads some 60 kB a second."""

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}
_UNQUOTED_WORDS = (_TRUE | _FALSE) - {"true", "True", "TRUE", "false", "False", "FALSE"}
# Longer runs of digits are no number anybody means, and a float would round them.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,99})\Z", re.ASCII)
_DECIMAL = re.compile(
    r"[-+]?([0-9]{1,100}\.[0-9]{0,100}|\.[0-9]{1,100}|[0-9]{1,100}(?=[eE]))([eE][-+]?[0-9]{1,3})?\Z",
    re.ASCII,
)
# A string, or a sign that opens, closes or ends the key of something.
_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:]')
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]", re.ASCII)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*\Z", re.ASCII)

_ALIAS = ("anchors and aliases (& and *) are not used here", "Write it out.")
_SURROGATE = ("half of a UTF-16 pair is no character", "Write the character itself.")

Key = str | int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document that remembers where each key stood.

    Parameters
    ----------
    path
        Name of the file, for messages.
    data
        Plain dictionaries, lists, text, numbers, booleans and None.
    lines
        Line (from 1) of every key path, such as ``("models", "ridge")``.
    words
        Key paths whose value was written as an unquoted ``yes``, ``no``, ``on`` or ``off``.
    """

    path: str
    data: Any
    lines: Mapping[tuple[Key, ...], int] = field(default_factory=dict)
    words: Mapping[tuple[Key, ...], str] = field(default_factory=dict)

    def line(self, *keys: Key) -> int | None:
        """Line of a key path, or of the nearest enclosing one that has a line."""
        for length in range(len(keys), -1, -1):
            if keys[:length] in self.lines:
                return self.lines[keys[:length]]
        return None

    def place(self, *keys: Key) -> str:
        """Where a key path stands, as text for a message: ``"c.yaml, line 3, models.ridge"``."""
        line = self.line(*keys)
        dotted = ".".join(str(key) for key in keys)
        return ", ".join(
            part for part in (self.path, f"line {line}" if line else "", dotted) if part
        )


def read_limited(
    path: Path,
    limit: int = SIZE_LIMIT,
    *,
    too_large: str = "Many patients belong in a CSV or Parquet file.",
) -> bytes:
    """Bytes of a file, refused before reading when it is larger than ``limit``.

    Parameters
    ----------
    path, limit
        The file, and the most bytes it may have.
    too_large
        What to do about one that has more.

    Raises
    ------
    DocumentError
        If the file is missing, unreadable, a folder or too large.
    """
    try:
        if path.is_dir():
            raise DocumentError(str(path), "this is a folder, a file was expected")
        with path.open("rb") as stream:
            # One byte more than allowed shows excess also where the size is not known beforehand.
            content = stream.read(limit + 1)
    except FileNotFoundError:
        raise DocumentError(str(path), "no such file", "Check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a valid path"
        raise DocumentError(str(path), f"the file cannot be read ({reason})") from None
    if len(content) > limit:
        raise DocumentError(
            str(path),
            f"the file is larger than {limit // 1024} kB, the limit for such a document",
            too_large,
        )
    return content


def load_yaml(path: Path, *, limit: int = YAML_LIMIT) -> Document:
    """Read one YAML file; see :func:`parse_yaml`."""
    return parse_yaml(_text(read_limited(path, limit), str(path)), str(path))


def parse_yaml(text: str, path: str = "YAML text") -> Document:
    r"""Parse one YAML document strictly.

    Raises
    ------
    DocumentError
        For anything but plain YAML: a repeated key, a tab as indentation, an alias, a tag, several
        documents, an unquoted yes/no as a key, nesting too deep to be meant.

    >>> parse_yaml("a: 1e-3\nb: 1:320\n").data
    {'a': 0.001, 'b': '1:320'}
    """
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own spelling of the class attribute

    try:
        loader = Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        reader = _NodeReader(path)
        data = None if node is None else reader.read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}, line {mark.line + 1}" if mark else path
        problem = str(error.problem)
        if "\\t" in problem:
            raise DocumentError(
                place, "a tab stands where YAML wants spaces", "Indent with spaces."
            ) from None
        if "alias" in problem or "anchor" in problem:  # the original names what the file says
            raise DocumentError(place, *_ALIAS) from None
        raise DocumentError(place, f"not valid YAML ({problem})") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError(
            f"{path}, line {line}", "not valid YAML (a character that YAML does not allow)"
        ) from None
    except (ValueError, OverflowError):  # PyYAML lets the errors of chr() and int() through
        raise DocumentError(path, "not valid YAML (a number or escape out of range)") from None
    except RecursionError:
        raise DocumentError(path, "nested too deeply to be meant") from None
    return Document(path, data, reader.lines, reader.words)


def yaml_text(data: Any) -> str:
    """Write data so that :func:`parse_yaml` reads the same; keys keep their order.

    >>> print(yaml_text({"name": "1e-3", "answer": "no", "ages": [18, None]}), end="")
    name: "1e-3"
    answer: "no"
    ages: [18, null]
    """
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        plain = _PLAIN.match(value) and value not in _NULL | _TRUE | _FALSE
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, None if plain else '"')

    Dumper.add_representer(str, text)
    written: str = yaml.dump(
        data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return written


class _NodeReader:
    """Turns PyYAML's nodes, which know their lines, into plain data."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[tuple[Key, ...], int] = {}
        self.words: dict[tuple[Key, ...], str] = {}
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, keys: tuple[Key, ...]) -> Any:
        import yaml

        self.lines.setdefault(keys, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._refuse(node, *_ALIAS)
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode) and not _encodable(node.value):
            self._refuse(node, *_SURROGATE)
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rsplit(":", 1)[1] not in (
            "str",
            "seq",
            "map",
        ):
            self._refuse(node, "tags (!) are not used here", "Remove the tag.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*keys, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - tells the type checker what is left
        return self._scalar(node, keys)

    def _mapping(self, node: yaml.MappingNode, keys: tuple[Key, ...]) -> dict[Key, Any]:
        import yaml

        data: dict[Key, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key must be a single word or number", "Check the braces.")
            # As a value it is read for its checks alone: a key is always text.
            self.read(key_node, (*keys, key_node.value))
            key = key_node.value
            if key_node.style is None and key in _UNQUOTED_WORDS:
                self._refuse(
                    key_node,
                    f"an unquoted {key} means true or false in YAML, not the word",
                    f'Write "{key}" in quotes.',
                )
            if key_node.style is None and key == "<<":
                self._refuse(key_node, "merge keys (<<) are not used here", "Write it out.")
            if key in data:
                first = self.lines[(*keys, key)]
                # Not by its name: in the document of a patient a key can be anything.
                rule = f"a key is there twice (first in line {first})"
                self._refuse(key_node, rule, "Keep one.")
            self.lines[(*keys, key)] = key_node.start_mark.line + 1
            data[key] = self.read(value_node, (*keys, key))
        return data

    def _scalar(self, node: yaml.ScalarNode, keys: tuple[Key, ...]) -> Any:
        text: str = node.value
        if node.style is not None:  # quoted or block text is always text
            return text
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            if text in _UNQUOTED_WORDS:
                self.words[keys] = text
            return text in _TRUE
        if _INTEGER.match(text):
            return int(text)
        if _DECIMAL.match(text) and not _LEADING_ZERO.match(text) and isfinite(float(text)):
            return float(text)
        return text

    def _refuse(self, node: yaml.Node, rule: str, next_step: str) -> NoReturn:
        raise DocumentError(f"{self.path}, line {node.start_mark.line + 1}", rule, next_step)


def load_json(path: Path, *, limit: int = SIZE_LIMIT) -> Document:
    """Read one JSON file; see :func:`parse_json`."""
    return parse_json(_text(read_limited(path, limit), str(path)), str(path))


def _repeated_key(text: str) -> tuple[int, int]:
    """Where a key of one JSON object stands, and where it stands again.

    Parameters
    ----------
    text
        JSON, sound up to the end of an object that has a key twice.
    """
    nested: list[dict[str, int]] = []
    string = None
    for token in _JSON_TOKEN.finditer(text):
        sign = token.group()
        if sign in "{[":
            nested.append({})
        elif sign in "}]":
            nested.pop()
        elif sign != ":":
            string = token
        elif string is not None:
            key = json.loads(string.group())
            if key in nested[-1]:
                return nested[-1][key], string.start()
            nested[-1][key] = string.start()
    raise AssertionError("no key is there twice")


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


def parse_json(text: str, path: str = "JSON text") -> Document:
    """Parse JSON strictly: no repeated keys, no NaN or Infinity.

    Raises
    ------
    DocumentError
        With the line where the parser stopped.
    """

    def refuse_constant(name: str) -> NoReturn:
        raise DocumentError(path, f"{name} is not a number in JSON", "Use null for missing.")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        if len(data) != len(pairs):
            first, second = map(partial(_place, text), _repeated_key(text))
            raise DocumentError(
                f"{path}, {second}", f"a key is there twice (first in {first})", "Keep one."
            )
        return data

    try:
        data = json.loads(text, parse_constant=refuse_constant, object_pairs_hook=unique)
        escaped = _ESCAPED_SURROGATE.search(text) is not None
        whole = not escaped or _encodable(json.dumps(data, ensure_ascii=False))
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"{path}, line {error.lineno}", f"not valid JSON ({error.msg})"
        ) from None
    except RecursionError:
        raise DocumentError(path, "nested too deeply to be meant") from None
    except ValueError:  # a whole number of thousands of digits
        raise DocumentError(path, "a number is too long to be meant") from None
    if not whole:
        raise DocumentError(path, *_SURROGATE)
    return Document(path, data)


def _encodable(text: str) -> bool:
    """Whether text can be written to a file; half of an escaped UTF-16 pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DocumentError(
            f"{path}, line {line}", "not UTF-8 text", "Save the file as UTF-8."
        ) from None
