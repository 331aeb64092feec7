"""What the permutation test says in words: found, not found, or not decided, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.validation.permutation import ALPHA, SETTLED

NOT_DECIDED = (
    "Not decided: p = {p} with {permutations:,} permutations of {repeated}, which leave it between "
    "{low} and {high}, on both sides of 0.05."
)
SMALLEST = "No smaller p-value than {p} is possible with {permutations:,} permutations."
FEWER = (
    "{planned:,} permutations were asked for and {permutations:,} were made, to stay within the "
    "time that was allowed."
)
DISAGREES = (
    "The interval of the AUROC, {interval}, lies above 0.5 all the same. It says how far the "
    "estimate varies and leaves out that test folds share their training patients; the test "
    "repeats the whole procedure where there is no signal. Where the two disagree, the test counts."
)
MORE = (
    "Repeat the test with at least {enough:,} permutations (validation.permutations, and "
    "validation.minutes so that they fit)."
)

_Row = Mapping[str, Any]


def is_open(tested: _Row | None) -> bool:
    """Whether more permutations could change what the test says.

    >>> is_open({"p_low": 0.03, "p_high": 0.24}), is_open({"p_low": 0.28, "p_high": 0.42})
    (True, False)
    """
    if not tested or tested.get("p_low") is None or tested.get("p_high") is None:
        return False
    few = (tested.get("permutations") or 0) < SETTLED
    return bool(few and tested["p_low"] <= ALPHA < tested["p_high"])


def undecided(tested: _Row | None) -> bool:
    """Whether the test found nothing, and might with more permutations."""
    return is_open(tested) and not (tested or {})["found"]


def signal_lines(
    tested: _Row, plan: _Row, auroc: tuple[float | None, float | None, float | None]
) -> Iterator[str]:
    """The result, and what a reader must know of it.

    Parameters
    ----------
    tested, plan
        ``signal`` and ``plan`` of the validation.
    auroc
        Of the chosen model, with its interval.
    """
    if undecided(tested):
        yield NOT_DECIDED.format(
            p=p_text(tested["p_value"]),
            low=p_text(tested["p_low"]),
            high=p_text(tested["p_high"]),
            permutations=tested["permutations"],
            repeated=tested["repeated"],
        )
    else:
        yield str(tested["sentence"])
    done, planned = tested.get("permutations"), plan.get("permutations")
    if done and tested["p_value"] * (done + 1) < 1.5 and is_open(tested):
        yield SMALLEST.format(p=p_text(tested["p_value"]), permutations=done)
    if done and planned and done < planned:
        yield FEWER.format(planned=planned, permutations=done)
    _, low, high = auroc
    if not tested["found"] and low is not None and high is not None and low > 0.5:
        yield DISAGREES.format(interval=f"{low:.2f} to {high:.2f}")


def p_text(p: float) -> str:
    """A p-value with two digits that count.

    >>> p_text(0.125), p_text(0.0476), p_text(0.0)
    ('0.12', '0.048', '0')
    """
    return f"{p:.2g}"
