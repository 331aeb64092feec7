"""``predictor combine``: from the files of centres to what comes next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.errors import PredictorError
from predictor.report.page.html import page
from predictor.report.pooled_page import pooled_report
from predictor.workflow.exchange import ExchangeError, write_sealed
from predictor.workflow.files import check_suffix, check_targets, write_file
from predictor.workflow.manifest import now
from predictor.workflow.shared_bundle import Finished, finish
from predictor.workflow.shared_combine import begin, follow, read_answers
from predictor.workflow.shared_round import Folds, Round
from predictor.workflow.summarise import combine_summaries

SUFFIXES = (".html", ".json")


@dataclass(frozen=True, slots=True)
class NextRound:
    """A round that was written.

    Parameters
    ----------
    path
        Where it is.
    asked
        What it asks.
    """

    path: Path
    asked: Round

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "round": str(self.path),
            "number": self.asked.number,
            "stage": self.asked.stage,
            "converged": self.asked.stage == "figures",
            "centres": [centre.name for centre in self.asked.centres],
            "open": len(self.asked.open) if self.asked.fits else None,
            "fits": len(self.asked.fits),
            "history": [dict(row) for row in self.asked.history],
            "choice": self.asked.choice,
        }


def start_fit(config: str | Path, out: Path, by: Folds) -> NextRound:
    """Write the first round of a pooled fit.

    Raises
    ------
    ConfigError
        If the study cannot be fitted without sharing rows.
    PredictorError
        If the place cannot be written.
    """
    check_suffix(out, ".json")
    check_targets([out], read=[config])
    return _written(begin(config, by), out)


def next_round(answers: Sequence[Path], round_file: Path, out: Path) -> NextRound | Finished:
    """From the answers of all centres to the next round or, after the last one, to the bundle.

    Parameters
    ----------
    answers
        Of all centres, to the same round.
    round_file
        That round.
    out
        A file for a round, a folder for the bundle.

    Raises
    ------
    BundleError, ExchangeError, LearningError, PredictorError
        Nothing is written then, and nothing lost.
    """
    asked, told = read_answers(answers, round_file)
    if asked.stage == "figures":
        if out.suffix.lower() == ".json":
            rule = "the fit has converged, and what comes now is a bundle"
            raise PredictorError(str(out), rule, "Give a folder: --out runs/pooled.")
        return finish(asked, told, out)
    if out.suffix.lower() != ".json" or out.is_dir():
        rule = "the fit has not converged, and what comes now is another round"
        name = f"round_{asked.number + 1}.json"
        raise PredictorError(str(out), rule, f"Give a file: --out {name}.")
    check_targets([out], read=[*answers, round_file])
    return _written(follow(asked, told), out)


def pool(summaries: Sequence[Path], out: Path | None) -> dict[str, Any]:
    """Put summaries of centres together, and write the result as a page or as data.

    Raises
    ------
    ExchangeError
        If they do not belong together.
    PredictorError
        If the place cannot be written.
    """
    if out is not None:
        check_suffix(out, *SUFFIXES)
        check_targets([out], read=summaries)
    found = combine_summaries(list(summaries))
    if out is not None:
        write_file(out, _content(found, out))
    return found


def _content(found: Mapping[str, Any], out: Path) -> bytes:
    if out.suffix.lower() == ".html":
        return page(pooled_report(found, now())).encode(errors="replace")
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _written(asked: Round, out: Path) -> NextRound:
    if out.exists():
        rule = "this file is there already, and centres may be answering it"
        raise ExchangeError(str(out), rule, "Choose another name, or remove it first.")
    write_sealed(out, asked.sealed())
    return NextRound(out, asked)
