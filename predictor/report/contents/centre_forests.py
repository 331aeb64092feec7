"""Forest plots of centres: each with its interval, all of them, and where a further one would lie.

AUROC, observed over expected and calibration slope, as guides to the meta-analysis of prediction
models ask for them (Debray et al., BMJ 2017;356:i6460).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents.numbers_text import two
from predictor.report.document import Block, Column, Figure, Table

_Row = Mapping[str, Any]

FIGURES: Mapping[str, str] = {
    "auroc": "AUROC",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "observed_expected": "Observed over expected",
    "brier": "Brier score",
}
_DRAWN: Mapping[str, tuple[str, float, tuple[float, float] | None]] = {
    "auroc": ("", 0.5, None),
    "observed_expected": ("-observed-expected", 1.0, (0.2, 5.0)),
    "calibration_slope": ("-slope", 1.0, (-1.0, 3.0)),
}
"""End of the identifiers, reference, and the widest axis; intervals beyond it end in an arrow."""
_RATIOS = ("observed_expected",)
"""Half as many and twice as many are as far from 1."""

TOGETHER = "By random effects"
ALL = "All centres"
NEXT = "A further centre (prediction interval)"
TITLE = "{figure} in each centre"
SEEN = "{figure}. Of all centres by random effects {mean} ({low} to {high}){further}."
SEEN_FURTHER = "; of a further centre {low} to {high}"
SEEN_NONE = "{figure}. No centre has it with an interval."
SUMMARIES = "All centres, by random effects"
NOTED = "{figure}: {note}"
SUMMARIES_NOTE = (
    "Random effects by restricted maximum likelihood: AUROC and Brier score as log-odds, observed "
    "over expected as a logarithm; intervals of Hartung and Knapp. Prediction interval: where the "
    "value of a further centre would lie; it needs three centres that the model has not seen. τ²: "
    "variance of the true values of centres on these scales. I²: share of the differences between "
    "centres that is not chance."
)


def centre_forests(
    rows: Sequence[_Row],
    summaries: Sequence[_Row],
    name: str,
    *,
    counted: str,
    alternative: str,
    note: str = "",
) -> Iterator[Block]:
    """Three forest plots and a table of what the centres have in common.

    Parameters
    ----------
    rows
        Centres, each with ``label``, ``n`` and ``events``, ``n_text`` and ``events_text`` as they
        are written, and the figures with their bounds.
    summaries
        One for each figure over all centres, as
        :meth:`predictor.validation.centres.CentreSummary.to_dict` gives them.
    name
        What the identifiers begin with.
    counted
        Heading of the number of patients.
    alternative
        What the first picture is of, in words.
    note
        Of the first table.
    """
    known = {row["figure"]: row for row in summaries if row["mean"] is not None}
    heads = (
        Column("label", "Centre"),
        Column("n_text", counted, "count"),
        Column("events_text", "Events", "count"),
    )
    for figure, (end, reference, widest) in _DRAWN.items():
        shown = [*_centres(rows, figure), *_over_all(known, figure)]
        if all(row["value"] is None for row in shown) and end:
            continue
        # The table of the first picture has all three, so that centres can be compared in one.
        wanted = _DRAWN if not end else (figure,)
        table = Table(
            f"{name}{end}-table",
            TITLE.format(figure=FIGURES[figure]),
            (*heads, *(Column(key, _head(key), "interval") for key in wanted)),
            tuple(shown),
            note="" if end else note,
        )
        seen = _seen(figure, known.get(figure))
        options: dict[str, Any] = {"axis": FIGURES[figure], "reference": reference}
        if widest is not None:
            options["widest"] = list(widest)
        if figure in _RATIOS:
            options["ratios"] = True
        yield Figure(
            f"{name}{end}-figure",
            "forest",
            TITLE.format(figure=FIGURES[figure]),
            seen if end else f"{alternative} {seen}",
            (table,),
            {**options, "percent": False},
        )
    yield Table(
        f"{name}-summaries",
        SUMMARIES,
        (
            Column("label", "Figure"),
            Column("centres", "Centres", "count"),
            Column("value", "Mean (95% interval)", "interval"),
            Column("prediction", "Prediction interval"),
            Column("tau2", "τ²", "number", digits=3),
            Column("i2", "I²", "percent"),
        ),
        tuple(_summary(row) for row in summaries),
        note=" ".join((*_notes(summaries), SUMMARIES_NOTE)),
    )


def _centres(rows: Sequence[_Row], figure: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        kept = {f"{key}{end}": row[f"{key}{end}"] for key in _DRAWN for end in _ENDS}
        ends = {"value": row[figure], "low": row[f"{figure}_low"], "high": row[f"{figure}_high"]}
        counts = {key: row[key] for key in ("n", "events", "n_text", "events_text")}
        yield {"label": row["label"], **ends, **counts, **kept}


_ENDS = ("", "_low", "_high")


def _over_all(known: Mapping[str, _Row], figure: str) -> Iterator[dict[str, Any]]:
    if figure not in known:
        return
    for label, low, high in ((ALL, "low", "high"), (NEXT, "prediction_low", "prediction_high")):
        if known[figure][low] is None:
            continue
        kept: dict[str, Any] = {f"{key}{end}": None for key in _DRAWN for end in _ENDS}
        for key in _DRAWN:
            row = known.get(key)
            if row is not None and row[low] is not None:
                kept |= {key: row["mean"], f"{key}_low": row[low], f"{key}_high": row[high]}
        ends = {"value": kept[figure], "low": kept[f"{figure}_low"], "high": kept[f"{figure}_high"]}
        yield {"group": TOGETHER, "label": label, **ends, "n": None, "events": None, **kept}


def _seen(figure: str, row: _Row | None) -> str:
    name = FIGURES[figure]
    if row is None:
        return SEEN_NONE.format(figure=name)
    further = ""
    if row["prediction_low"] is not None:
        low, high = two(row["prediction_low"]), two(row["prediction_high"])
        further = SEEN_FURTHER.format(low=low, high=high)
    ends = {key: two(row[key]) for key in ("mean", "low", "high")}
    return SEEN.format(figure=name, further=further, **ends)


def _notes(summaries: Sequence[_Row]) -> Iterator[str]:
    """What limits the summaries: once where it is the same for all, else figure by figure."""
    notes = [row.get("note") or "" for row in summaries]
    if len(set(notes)) == 1:
        yield from filter(None, notes[:1])
        return
    for row, note in zip(summaries, notes, strict=True):
        if note:
            yield NOTED.format(figure=FIGURES[row["figure"]], note=note)


def _head(figure: str) -> str:
    return f"{FIGURES[figure]} (95% interval)"


def _summary(row: _Row) -> dict[str, Any]:
    low, high = row["prediction_low"], row["prediction_high"]
    return {
        "label": FIGURES[row["figure"]],
        "centres": row.get("centres"),
        "value": row["mean"],
        "value_low": row["low"],
        "value_high": row["high"],
        "prediction": None if low is None else f"{two(low)} to {two(high)}",
        "prediction_low": low,
        "prediction_high": high,
        **{key: row.get(key) for key in ("tau2", "i2", "note")},
    }
