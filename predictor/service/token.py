"""The shared secret of a server that is reached from other machines."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from predictor.documents import read_limited
from predictor.errors import PredictorError

VARIABLE = "PREDICTOR_TOKEN"
"""Of the environment; an argument could be read by everybody who can list processes."""

SHORTEST = 16
_LONGEST = 512
_MADE = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one."


def read_token(file: Path | None, environment: Mapping[str, str]) -> str | None:
    """Find the token in a file or, without one, in the environment; None if there is none.

    Parameters
    ----------
    file
        Holds the token and nothing else.
    environment
        Of the process.

    Raises
    ------
    PredictorError
        If the token is too short to be a secret, or holds what no header can carry.
    """
    if file is not None:
        where = str(file)
        given = _content(file).strip()
    elif VARIABLE in environment:
        where, given = VARIABLE, environment[VARIABLE].strip()
    else:
        return None
    if not SHORTEST <= len(given) <= _LONGEST or not _plain(given):
        rule = f"a token has {SHORTEST} to {_LONGEST} letters, digits or signs, without spaces"
        raise PredictorError(where, rule, _MADE)
    return given


def _content(file: Path) -> str:
    return read_limited(file, 2 * _LONGEST, too_large=_MADE).decode("utf-8", "replace")


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


class TokenCheck:
    """Compares what a request carries with the token, in a time that tells nothing about it.

    Parameters
    ----------
    token
        The secret.
    """

    def __init__(self, token: str) -> None:
        # Digests have one length, so not even that of the token can be measured.
        self._digest = hashlib.sha256(token.encode()).digest()

    def accepts(self, authorization: bytes) -> bool:
        """Whether an ``Authorization`` header carries the token.

        Programs send it as ``Bearer TOKEN``. Browsers, which ask for a name and a password, send it
        as the password; the name can be anything.
        """
        scheme, _, credentials = authorization.strip().partition(b" ")
        credentials = credentials.strip()
        if scheme.lower() == b"basic":
            try:
                decoded = base64.b64decode(credentials, validate=True)
            except binascii.Error:
                return False
            credentials = decoded.partition(b":")[2]
        elif scheme.lower() != b"bearer":
            return False
        return hmac.compare_digest(hashlib.sha256(credentials).digest(), self._digest)
