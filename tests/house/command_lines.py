"""Command lines in texts, held against the commands and options that really exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from predictor import cli

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(predictor\s[^`]+)`")
_PROMPT = re.compile(r"^\$ +")


def blocks(text: str, *languages: str) -> list[str]:
    """Code blocks of a Markdown text in some languages."""
    return [body for language, body in _BLOCK.findall(text) if language in languages]


def command_lines(text: str) -> Iterator[str]:
    """Every call of ``predictor`` in a Markdown text, in blocks and in sentences."""
    for body in blocks(text, "console", "sh", "bash"):
        for line in body.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||;|\|", _PROMPT.sub("", line)):
                if part.split()[:1] == ["predictor"]:
                    yield part.strip()
    for inline in _INLINE.findall(_BLOCK.sub("", text)):
        yield " ".join(inline.split())


def complaint(line: str) -> str | None:
    """What the command line would not understand; None if nothing."""
    words = shlex.split(line)[1:]
    group: Any = cli.app
    if not words or words[0].startswith("-"):
        return _unknown_options(words, group)
    command = group.commands.get(words[0])
    if command is None:
        return f"there is no command {words[0]!r}"
    return _unknown_options(words[1:], command) or _missing(words[1:], command, line)


def _options(command: Any) -> dict[str, Any]:
    found = {name: p for p in command.params for name in (*p.opts, *p.secondary_opts)}
    return found | {"--help": None, "-h": None}


def _unknown_options(words: list[str], command: Any) -> str | None:
    known = _options(command)
    for word in words:
        if word.startswith("-") and word.split("=")[0] not in known:
            return f"{command.name} has no option {word}"
    return None


def _missing(words: list[str], command: Any, line: str) -> str | None:
    """Too many or too few arguments; a call cut short with an ellipsis is let pass."""
    if "..." in words or "--help" in words or " ... " in f"{line} ":
        return None
    known, given, rest = _options(command), set(), list(words)
    arguments = 0
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            arguments += 1
            continue
        option = known[word.split("=")[0]]
        given.add(option)
        if option is not None and not option.is_flag and "=" not in word:
            if not rest:
                return f"{word} needs a value"
            rest.pop(0)
            while (option.metavar or "").endswith("...") and rest and rest[0].isdigit():
                rest.pop(0)  # such as --patients 31 60 100
    wanted = [p for p in command.params if p.param_type_name == "argument"]
    if arguments > len(wanted) and all(p.nargs == 1 for p in wanted):
        return f"{command.name} takes {len(wanted)} arguments, {arguments} are given"
    return None
