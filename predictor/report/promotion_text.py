"""What is said of a promotion, in the registry and to who asked for it."""

from __future__ import annotations

from predictor.validation.challenge import FIGURES, Judgement

FIRST = "No version had the alias {alias} before, so there was nothing to be better than."
SAME = "Version {version} has the alias {alias} already."
FORCED = "Not held to the rule, for this reason: {reason}"
PROMOTED = "{alias} is now version {version} of {name}."
STAYS = "{alias} stays version {before} of {name}."

_JUDGED = (
    "Cross-validated {figure} {new:.4g} against {old:.4g} of version {before}: {direction} by "
    "{gain:.2g}, and the standard error of this difference is {error}."
)
_PAIRED = "{error:.2g} (paired)"
_AT_MOST = "at most {error:.2g}"


def judged(judgement: Judgement, before: str) -> str:
    """A judgement as a sentence.

    >>> judged(Judgement("log_loss", 0.5, 0.47, 0.01, True), "3")  # doctest: +ELLIPSIS
    'Cross-validated log loss 0.47 against 0.5 of version 3: smaller by 0.03, ... is 0.01 (paired).'
    """
    error = _PAIRED if judgement.paired else _AT_MOST
    return _JUDGED.format(
        figure=FIGURES[judgement.figure],
        new=judgement.challenger,
        old=judgement.champion,
        before=before,
        direction="smaller" if judgement.gain >= 0.0 else "larger",
        gain=abs(judgement.gain),
        error=error.format(error=judgement.error),
    )
