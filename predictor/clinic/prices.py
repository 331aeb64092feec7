"""What treating a patient costs, from a small YAML file that states every figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from predictor.clinical.names import nearest
from predictor.documents import Document, load_yaml
from predictor.errors import DocumentError
from predictor.shipped import shipped_folder

_REQUIRED = ("source", "currency", "price_per_gram", "dose", "courses", "weight")
_OPTIONAL = ("vial",)
_WEIGHT = ("column", "default")

# Where no reason for an upper limit exists, one that only a slip exceeds.
_MOST = {"price_per_gram": 1e6, "dose": 5.0, "courses": 100.0, "vial": 1000.0, "default": 650.0}
_LONGEST_SOURCE = 300


@dataclass(frozen=True, slots=True)
class Prices:
    """Dose and price of a treatment.

    Parameters
    ----------
    source
        Where the price comes from; printed beside every cost.
    currency
        Three capital letters.
    price_per_gram
        In the currency.
    dose
        Grams for each kilogram of body weight, in each course.
    courses
        That a patient is counted with.
    weight_column
        Variable of the cohort that holds the weight.
    weight_default
        Kilograms of a patient without a weight; None if such patients have no cost.
    vial
        Grams of a vial, to whole numbers of which a course is rounded up; None if it is not.
    """

    source: str
    currency: str
    price_per_gram: float
    dose: float
    courses: float
    weight_column: str
    weight_default: float | None = None
    vial: float | None = None

    def grams(self, weight: float) -> float:
        """Immunoglobulin of one course in grams.

        >>> Prices("made up", "EUR", 60.0, 2.0, 6.0, "weight", vial=10.0).grams(66.0)
        140.0
        """
        grams = self.dose * weight
        if self.vial is None:
            return grams
        # Twelve figures first: 0.4 g/kg for 75 kg are 30 g, and not 30.000000000000004.
        return math.ceil(float(f"{grams / self.vial:.12g}")) * self.vial

    def cost(self, weight: float) -> float:
        """Cost of all courses of a patient, to the hundredth.

        Parameters
        ----------
        weight
            In kilograms.

        Examples
        --------
        >>> Prices("made up", "EUR", 60.0, 2.0, 6.0, "weight").cost(70.0)  # 60 * 2 * 70 * 6
        50400.0
        """
        return round(self.price_per_gram * self.grams(weight) * self.courses, 2)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, under the names of the file."""
        return {
            "source": self.source,
            "currency": self.currency,
            "price_per_gram": self.price_per_gram,
            "dose": self.dose,
            "courses": self.courses,
            "weight": {"column": self.weight_column, "default": self.weight_default},
            "vial": self.vial,
        }


def load_prices(name: str | Path) -> Prices:
    """Read a file of prices.

    Parameters
    ----------
    name
        A YAML file, or the bare name of a shipped one (``example``).

    Raises
    ------
    DocumentError
        If it cannot be read or breaks a rule; with the line.
    """
    path = Path(name)
    folder = shipped_folder("configs")
    if folder is not None and str(name) == path.name and not path.exists():
        candidate = folder / "prices" / f"{path.name.removesuffix('.yaml')}.yaml"
        path = candidate if candidate.is_file() else path
    return parse_prices(load_yaml(path))


def parse_prices(document: Document) -> Prices:
    """Prices from a document that was read; see :func:`load_prices`."""
    data = _mapping(document, (), document.data, (*_REQUIRED, *_OPTIONAL))
    missing = [key for key in _REQUIRED if data.get(key) is None]
    if missing:
        rule = f"{', '.join(missing)} must be stated"
        raise DocumentError(document.path, rule, "configs/prices/example.yaml shows how.")
    weight = _mapping(document, ("weight",), data["weight"], _WEIGHT)
    column = weight.get("column")
    if not isinstance(column, str):
        _refuse(document, ("weight", "column"), "the column of the weight is a name")
    default = weight.get("default")
    vial = data.get("vial")
    return Prices(
        source=_text(document, "source", data["source"]),
        currency=_currency(document, data["currency"]),
        price_per_gram=_number(document, ("price_per_gram",), data["price_per_gram"]),
        dose=_number(document, ("dose",), data["dose"]),
        courses=_number(document, ("courses",), data["courses"]),
        weight_column=column,
        weight_default=None
        if default is None
        else _number(document, ("weight", "default"), default),
        vial=None if vial is None else _number(document, ("vial",), vial),
    )


def _mapping(
    document: Document, keys: tuple[str, ...], data: object, known: tuple[str, ...]
) -> dict[str, Any]:
    if not isinstance(data, dict):
        _refuse(document, keys, f"a mapping with {', '.join(known)} is expected")
    for key in data:
        if key not in known:
            guess = nearest(str(key), known)
            hint = f"Did you mean {guess}?" if guess else f"Known: {', '.join(known)}."
            _refuse(document, (*keys, str(key)), "there is no such key", hint)
    return data


def _number(document: Document, keys: tuple[str, ...], value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(document, keys, "a number is expected", "Write it without unit or currency.")
    most = _MOST[keys[-1]]
    if not 0 < value <= most:
        _refuse(document, keys, f"it must be above 0 and at most {most:,.0f}")
    return float(value)


def _currency(document: Document, value: object) -> str:
    if not isinstance(value, str) or len(value) != 3 or not (value.isascii() and value.isupper()):
        _refuse(document, ("currency",), "three capital letters are expected, such as EUR")
    return value


def _text(document: Document, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_SOURCE:
        rule = f"one line of text of at most {_LONGEST_SOURCE} characters is expected"
        _refuse(document, (key,), rule)
    return value


def _refuse(document: Document, keys: tuple[str, ...], rule: str, next_step: str = "") -> NoReturn:
    raise DocumentError(document.place(*keys), rule, next_step)
