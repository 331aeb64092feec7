"""How names and numbers of an order of patients are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from predictor.clinic.candidates import hundredths
from predictor.clinic.prices import Prices
from predictor.performance.estimate import Estimate

_MOST_NAMES = 6


def plain_names(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Some names in a sentence, and how many more there are.

    >>> plain_names(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def patient_name(patient: str | None, row: int) -> str:
    """How a patient is called: by identifier, else by row.

    >>> patient_name("P07", 8), patient_name(None, 8)
    ('P07', 'row 8')
    """
    return f"row {row}" if patient is None else patient


def threshold_text(threshold: float) -> str:
    """A threshold in percent, as exactly as it was given.

    >>> threshold_text(0.4), threshold_text(0.125)
    ('40%', '12.5%')
    """
    return f"{100 * threshold:.6g}%"


def ratio(value: float) -> str:
    """Patients per event: two figures, whole from 10 on.

    >>> ratio(1.84), ratio(24.6), ratio(1234.0)
    ('1.8', '25', '1,234')
    """
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def rough_money(value: float) -> str:
    """An amount that is an estimate, to three figures.

    >>> rough_money(94321.0), rough_money(1234567.0)
    ('94,300', '1,230,000')
    """
    return f"{float(f'{value:.3g}'):,.0f}"


def money(value: float, prices: Prices) -> str:
    """An amount that is exact, with its currency; hundredths only where there are any."""
    return f"{prices.currency} {plain_money(value)}"


def plain_money(value: float) -> str:
    """An amount that is exact, without its currency.

    >>> plain_money(50400.0), plain_money(50400.5)
    ('50,400', '50,400.50')
    """
    return f"{value:,.0f}" if hundredths(value) % 100 == 0 else f"{value:,.2f}"


def unit_price(value: float, prices: Prices) -> str:
    """A price with its currency: hundredths where there are any, more where it has more."""
    exact = round(value, 2) == value
    return f"{prices.currency} {plain_money(value) if exact else f'{value:,.10g}'}"


def with_limits(estimate: Estimate, write: Callable[[float], str]) -> str:
    """An estimate with its limits in brackets, where it has some.

    >>> with_limits(Estimate(2.0, 1.5, 3.0), ratio), with_limits(Estimate(2.0, 1.5, None), ratio)
    ('2.0 (1.5 to 3.0)', '2.0 (from 1.5, no upper limit)')
    """
    if estimate.low is None:
        return write(estimate.value)
    if estimate.high is None:
        return f"{write(estimate.value)} (from {write(estimate.low)}, no upper limit)"
    return f"{write(estimate.value)} ({write(estimate.low)} to {write(estimate.high)})"
