"""What a coordinator and a centre are told after each step of a pooled fit, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.pooled_page import centres_table, summaries_table

STARTED = "Written: {round}. Send it to every centre, with the configuration."
EACH = "Each centre runs:"
FIRST_ANSWER = "  predictor summarise CONFIG --data FILE --round {round} --name NAME --out {out}"
THEN = "Then, with the answers of all centres:"
ANSWER = "answer_{number}_{name}.json"
COMBINE = "  predictor combine {answers} --round {round} --out {out}"
CENTRES = "Centres: {names}. All of them have to answer every round from now on."
STEP = "Newton's method, largest step: {step:.2g}; {open} of {fits} fits have not converged."
PREPARED = "Imputation and scaling are known; {fits} fits begin."
CONVERGED = "All fits have converged, with penalty {penalty:g}. One exchange is left, of figures."
ANSWERED = "Written: {out}, the answer of {name} to round {number}. Send it to the coordinator."
WHAT: Mapping[str, str] = {
    "sums": "It holds counts, means and sums of squares of each fold, and no row.",
    "newton": "It holds gradients and Hessians of each fit, and no row.",
    "figures": "It holds figures with standard errors, and no row.",
}
SUMMARISED = (
    "Written: {out}. It holds counts, figures with standard errors and means of {name}, and no row."
)
ONCE = (
    "Figures are rounded so that one patient cannot be worked out. A second summary of nearly the "
    "same patients would tell of those in whom they differ, so hand out one."
)
OVERLAP = (
    "Warning: {others} was written for other patients of the same centre and model, before this. "
    "Whoever has both can tell of the patients in whom they differ: if the earlier one was handed "
    "out, do not hand out this one."
)
SEND = "Send it to the coordinator, who runs: predictor combine centre_*.json --out pooled.html"
FINISHED = "Written: {bundle}, fitted to {n:,} patients of {centres} centres in {rounds} exchanges."
TOOK_PART = (
    "These are figures of centres that took part, and say nothing of a further one; with folds of "
    "whole centres (--folds centres) they would."
)
FIGURES = "Log loss {log_loss:.4f}, Brier score {brier:.4f}, all patients predicted without them."


def round_text(found: Mapping[str, Any]) -> Iterator[str]:
    """After a round was written.

    Parameters
    ----------
    found
        What :meth:`predictor.workflow.combine.NextRound.to_dict` gives.
    """
    number, names = found["number"], found["centres"]
    if found["converged"]:
        yield CONVERGED.format(penalty=found["choice"]["penalty"])
    elif found["history"]:
        last = found["history"][-1]
        yield STEP.format(step=last["largest_step"], open=found["open"], fits=found["fits"])
    elif number:
        yield CENTRES.format(names=", ".join(names))
        yield PREPARED.format(fits=found["fits"])
    yield STARTED.format(round=found["round"])
    yield EACH
    yield FIRST_ANSWER.format(round=found["round"], out=ANSWER.format(number=number, name="NAME"))
    yield THEN
    answers = ANSWER.format(number=number, name="*")
    out = "runs/pooled" if found["converged"] else f"round_{number + 1}.json"
    yield COMBINE.format(answers=answers, round=found["round"], out=out)


def finished_text(found: Mapping[str, Any]) -> Iterator[str]:
    """After the bundle was written; see `predictor.workflow.shared_bundle.Finished.to_dict`."""
    told = {key: found[key] for key in ("bundle", "n")}
    yield FINISHED.format(centres=len(found["centres"]), rounds=found["exchanges"], **told)
    yield ""
    yield centres_table(found)
    yield ""
    yield summaries_table(found)
    yield ""
    if found["folds"] == "patients":
        yield TOOK_PART
    yield FIGURES.format(log_loss=found["log_loss"], brier=found["brier"])


def answer_text(found: Mapping[str, Any], out: str) -> Iterator[str]:
    """After a centre answered a round."""
    yield ANSWERED.format(out=out, name=found["centre"]["name"], number=found["number"])
    yield WHAT[found["stage"]]


def summary_text(found: Mapping[str, Any], out: str, others: Sequence[str] = ()) -> Iterator[str]:
    """After a centre summarised a model.

    Parameters
    ----------
    found
        What :func:`predictor.workflow.summarise.summarise` gives.
    out
        Where it was written.
    others
        Files of the same centre and model and of other patients, there or overwritten.
    """
    yield SUMMARISED.format(out=out, name=found["centre"]["name"])
    yield overlap_text(others) if others else ONCE
    yield SEND


def overlap_text(others: Sequence[str]) -> str:
    """That a centre told of other patients before.

    Parameters
    ----------
    others
        Files, one at least.
    """
    return OVERLAP.format(others=", ".join(others))
