"""``predictor promote``: the champion of a registry is replaced by a model that is better."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.errors import BundleError, TrackingError
from predictor.fitted.bundle import open_bundle, read_manifest
from predictor.fitted.location import why_it_stays
from predictor.report import promotion_text as words
from predictor.tracking.promotion import (
    Challenger,
    Standing,
    find_challenger,
    look_up,
    move,
    register_run,
    write_down,
)
from predictor.tracking.registering import CHAMPION
from predictor.tracking.store import check_reachable, resolve_uri
from predictor.validation.challenge import Judgement, judge
from predictor.workflow.manifest import now
from predictor.workflow.track import send

_NAME = re.compile(r"[^/:@]{1,200}")
_ALIAS = re.compile(r"[A-Za-z][\w-]{0,99}", re.ASCII)
_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a challenger.

    Parameters
    ----------
    name, alias, version
        The registered model, what it was to be, and which version it is.
    before
        Version that had the alias; None if none had.
    promoted
        Whether the challenger has it now.
    judgement
        Of the rule; None if there was nobody to be compared with, or nothing to compare by.
    forced
        Reason for which the rule was not held to; empty if it was.
    reasons
        What was said: the judgement, and what followed.
    """

    name: str
    alias: str
    version: str
    before: str | None
    promoted: bool
    judgement: Judgement | None
    forced: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found = self.judgement
        return {
            "name": self.name,
            "alias": self.alias,
            "version": self.version,
            "before": self.before,
            "promoted": self.promoted,
            "judgement": None
            if found is None
            else {
                "figure": found.figure,
                "champion": found.champion,
                "challenger": found.challenger,
                "gain": found.gain,
                "error": found.error,
                "paired": found.paired,
                "better": found.better,
            },
            "forced": self.forced or None,
            "reasons": list(self.reasons),
        }


def promote(
    challenger: str | Path,
    name: str,
    *,
    alias: str = CHAMPION,
    uri: str | None = None,
    force: str | None = None,
) -> Promotion:
    """Register a model, and move an alias to it if it is better than the one that has it.

    Parameters
    ----------
    challenger
        Bundle, run id, or ``models:/NAME/VERSION``. A bundle that was not sent is sent first.
    name
        Name in the registry.
    alias
        What is moved.
    uri
        Store and registry; by default MLFLOW_TRACKING_URI, else ``sqlite:///mlflow.db``.
    force
        Reason to move it whatever the rule says; it is written down with the version.

    Returns
    -------
    Promotion
        With ``promoted`` false if the challenger is not better by more than the error.

    Raises
    ------
    BundleError
        If there is no such bundle, or it cannot be compared with the champion; then nothing is
        sent, registered or moved.
    TrackingError
        If the store fails, or another promotion came first.
    """
    _check_words(name, alias, force)
    store = resolve_uri(uri)
    check_reachable(store)
    found = find_challenger(challenger, name, store)
    open_bundle(found.folder)  # with all its checks, before anything is done with it
    standing = look_up(store, name, alias, found)
    if standing.champion is not None and standing.champion == standing.challenger:
        said = words.SAME.format(alias=alias, version=standing.champion)
        number = standing.champion
        return Promotion(name, alias, number, number, True, None, "", (said,))
    judgement = _judgement(found, standing, forced=force is not None)
    version = standing.challenger or _registered(found, name, uri, store)
    reasons = _reasons(judgement, standing.champion, alias, force)
    written = {"predictor.judgement": " ".join(reasons)}
    if force is not None:
        written["predictor.forced"] = force
    write_down(store, name, version, written)
    better = force is not None or standing.champion is None or (judgement and judgement.better)
    if better:
        move(store, name, alias, version, expected=standing.champion)
        over = f" instead of version {standing.champion}" if standing.champion else ""
        write_down(store, name, version, {f"predictor.{alias}": f"since {now()}{over}"})
    said = (words.PROMOTED if better else words.STAYS).format(
        alias=alias, version=version, name=name, before=standing.champion
    )
    return Promotion(
        name,
        alias,
        version,
        standing.champion,
        bool(better),
        judgement,
        force or "",
        (*reasons, said),
    )


def _check_words(name: str, alias: str, force: str | None) -> None:
    if not _NAME.fullmatch(name) or not name.strip():
        raise TrackingError(
            "--name", "a name has 1 to 200 signs other than / : @", "Choose another."
        )
    if not _ALIAS.fullmatch(alias) or re.fullmatch(r"v\d+|latest", alias):
        rule = "an alias is made of letters, digits, - and _, and begins with a letter"
        raise TrackingError("--alias", rule, "Choose another, such as champion.")
    if force is not None and not 0 < len(force.strip()) <= _LONGEST_REASON:
        rule = f"the reason is written down for others, in 1 to {_LONGEST_REASON} signs"
        raise TrackingError("--force", rule, "Say why the rule does not hold here.")


def _judgement(found: Challenger, standing: Standing, *, forced: bool) -> Judgement | None:
    if standing.folder is None:
        return None
    try:
        return judge(read_manifest(standing.folder), read_manifest(found.folder))
    except BundleError as error:
        if forced:
            return None
        step = "To replace the champion all the same, say why: --force REASON."
        raise BundleError(error.where, error.rule, step, reasons=error.reasons) from None


def _reasons(
    judgement: Judgement | None, champion: str | None, alias: str, force: str | None
) -> tuple[str, ...]:
    said = []
    if champion is None:
        said.append(words.FIRST.format(alias=alias))
    elif judgement is not None:
        said.append(words.judged(judgement, champion))
    if force is not None:
        said.append(words.FORCED.format(reason=force))
    return tuple(said)


def _registered(found: Challenger, name: str, uri: str | None, store: str) -> str:
    run_id = found.run_id
    if run_id is None:
        if stays := why_it_stays(found.folder):
            step = "Copy the folder, and promote the copy."
            raise BundleError(str(found.folder), stays, step)
        run_id = send(found.folder, uri, None, None).run_id
    return register_run(store, name, found, run_id)
