"""What a PDF of Chromium's holds: its pages, and its text without spaces."""

from __future__ import annotations

import re
import unicodedata
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)endobj", re.DOTALL)
_SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>")
_SPAN = re.compile(rb"<(\w{4})> <(\w{4})> <(\w{4,8})>\n")
_SINGLE = re.compile(rb"<(\w{4})> <(\w{4,8})>\n")


def page_count(pdf: bytes) -> int:
    """How many sheets there are."""
    return len(re.findall(rb"/Type /Page\b", pdf))


def text_of(pdf: bytes) -> str:
    """Everything that is written, in the order in which it is drawn."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    fonts = {
        number: _letters(_stream(objects[int(found[1])]))
        for number, body in objects.items()
        if (found := re.search(rb"/ToUnicode (\d+) 0 R", body))
    }
    names = {
        int(name): int(number)
        for listed in re.findall(rb"/Font <<(.*?)>>", pdf, re.DOTALL)
        for name, number in re.findall(rb"/F(\d+) (\d+) 0 R", listed)
    }
    written = []
    for body in objects.values():
        content = _stream(body) if b"stream" in body else b""
        if b" Tj" not in content:
            continue
        letters: dict[int, str] = {}
        for font, glyphs in _SHOWN.findall(content):
            if font:
                letters = fonts.get(names.get(int(font), -1), {})
            else:
                codes = [int(glyphs[i : i + 4], 16) for i in range(0, len(glyphs), 4)]
                written += [letters.get(code, "") for code in codes]
    # Ligatures are single signs.
    return unicodedata.normalize("NFKC", "".join("".join(written).split()))


def _stream(body: bytes) -> bytes:
    head, _, rest = body.partition(b"stream")
    content = rest.lstrip(b"\r\n").rpartition(b"endstream")[0]
    if b"FlateDecode" not in head or b"/Image" in head:
        return content
    return zlib.decompressobj().decompress(content)


def _letters(table: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in re.findall(rb"beginbfchar\n(.*?)endbfchar", table, re.DOTALL):
        for code, letter in _SINGLE.findall(part):
            found[int(code, 16)] = bytes.fromhex(letter.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange\n(.*?)endbfrange", table, re.DOTALL):
        for first, last, letter in _SPAN.findall(part):
            for place in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + place] = chr(int(letter, 16) + place)
    return found
