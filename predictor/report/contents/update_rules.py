"""What a bundle that came about by an update says to both checklists."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from predictor.report.contents import external_words as words
from predictor.report.contents import tripod_words
from predictor.report.contents.run_facts import Answer, Facts

Rule = Callable[[Facts], Answer | None]


def updated(facts: Facts) -> str:
    """Say which model was updated, how and by how many patients."""
    change, old = facts.update or {}, facts.manifest["lineage"][-1]
    size = int(facts.manifest["privacy"]["cell_size"])
    return words.UPDATED.format(
        name=old["name"],
        version=old["version"],
        what=change["description"],
        n=f"{change['n']:,}" if change["n"] >= size else words.FEWER.format(size=size),
    )


def update(facts: Facts) -> Answer:
    """Answer with the update itself."""
    return Answer(updated(facts), "update")


def update_title(facts: Facts) -> Answer:
    """Answer with a title that says so."""
    text = words.UPDATE_TITLE.format(**facts.outcome)
    return Answer(text, "verdict", remains=tripod_words.TITLE_REMAINS)


def _update_figures(facts: Facts) -> Answer:
    del facts
    return Answer(words.UPDATE_FIGURES, "update")


def _update_predicted(facts: Facts) -> Answer:
    del facts
    return Answer(words.UPDATE_PREDICTED, "update")


def _update_aims(facts: Facts) -> Answer:
    told = {"updated": updated(facts), "evaluated": words.UPDATE_NOT_EVALUATED}
    return Answer(words.UPDATE_AIMS.format(**told), "update")


def _update_use(facts: Facts) -> Answer:
    return Answer(words.UPDATE_USE.format(resamples=_resamples(facts)), "update")


def _update_building(facts: Facts) -> Answer:
    text = " ".join((updated(facts), words.UPDATE_USE.format(resamples=_resamples(facts))))
    return Answer(text, "update")


def _gain(facts: Facts) -> Answer:
    rows = {row["figure"]: row for row in (facts.update or {})["figures"]}
    loss = rows["log_loss"]
    if loss["before"] is None or loss["corrected"] is None:
        return Answer(words.UPDATE_GAIN_UNKNOWN, "update")
    told = {"before": loss["before"], "corrected": loss["corrected"]}
    return Answer(words.UPDATE_GAIN.format(**told), "update")


def _resamples(facts: Facts) -> int:
    return int((facts.update or {})["usable"])


def _update_beyond(facts: Facts) -> Answer:
    return Answer(words.UPDATE_BEYOND.format(resamples=_resamples(facts)), "update")


def _update_repeated(facts: Facts) -> Answer:
    return Answer(words.UPDATE_REPEATED.format(resamples=_resamples(facts)), "update")


def _update_measured(facts: Facts) -> Answer:
    del facts
    return Answer(words.UPDATE_MEASURED, "update")


OF_UPDATE: Mapping[str, Mapping[str, Rule]] = {
    "tripod": {
        "1": update_title,
        "4": _update_aims,
        "12a": _update_use,
        "12c": _update_building,
        "12e": _update_figures,
        "12f": update,
        "12g": _update_predicted,
        "21": update,
        "24": _gain,
    },
    "probast": {
        "E4.1": _update_beyond,
        "E4.6": _update_repeated,
        "E4.7": _update_measured,
    },
}
"""Item -> rule, instead of those of training."""
