"""Texts of the lower floors, as a page writes them."""

from __future__ import annotations

import re

# As UCUM has them, and as the answer in plain text writes them.
_POWER_OF_TEN = re.compile(r"(?:\bx10\^|\b10\*)([0-9]{1,2})(?=/)")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def powers(text: str) -> str:
    """Powers of ten as people write them.

    >>> powers("150 to 450 10*9/L")
    '150 to 450 × 10⁹/L'
    >>> powers("210 x10^9/L")
    '210 × 10⁹/L'
    """
    return _POWER_OF_TEN.sub(lambda found: f"× 10{found[1].translate(_SUPERSCRIPTS)}", text)
