"""Whether a request comes from a page of this server, as far as a browser tells.

A browser sends on its own what it knows of a user (a token by Basic, above all), also when the
page of another site makes it ask. Three headers tell of that page, and which of them comes depends
on the browser and its age, so each that comes must name this server. Programs send none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_OURSELVES = (b"none", b"same-origin")
_FORM = b"application/x-www-form-urlencoded"


def is_from_elsewhere(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request that changes or tells something was made by the page of another site.

    Parameters
    ----------
    headers
        Of the request, names in small letters. ``Origin`` counts wherever it is sent; ``null``,
        which a page sends that hides where it is from, is no origin of ours. ``Referer`` counts
        for a form that comes without ``Origin``.
    """
    if headers.get(b"sec-fetch-site", b"none") not in _OURSELVES:
        return True
    host = headers.get(b"host", b"")
    if b"origin" in headers:
        return not _names(headers[b"origin"], host)
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == _FORM and b"referer" in headers:
        return not _names(headers[b"referer"], host)
    return False


def _names(address: bytes, host: bytes) -> bool:
    """Whether an address is one of a host.

    Name and port decide. The scheme does not: behind a proxy that adds TLS, the page is of https
    and the request that arrives here of http.

    >>> there = (b"http://127.0.0.1:8000", b"http://127.0.0.1", b"http://evil.example", b"null")
    >>> [_names(address, b"127.0.0.1:8000") for address in there]
    [True, False, False, False]
    """
    try:
        there = urlsplit(address.decode("ascii"))
        ours = urlsplit(f"//{host.decode('ascii').strip()}")
        ports = {part.port or _PORTS[there.scheme] for part in (there, ours)}
    except (KeyError, ValueError):  # no address of the web, or none at all
        return False
    names = {(part.hostname or "").rstrip(".") for part in (there, ours)}
    return len(ports) == 1 and len(names) == 1 and names != {""}
