"""The sentences about an order of patients: templates, filled in, one for each thing to be said.

None of them calls the order a ranking of need, or says that a patient gains by the treatment: what
is predicted is the outcome under treatment, not its effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from predictor.clinic.answer import CONTRADICTED, NOT_FOR_CARE, percent
from predictor.clinic.beside import RecordedColumn
from predictor.clinic.candidate_list import CandidateList, Chosen, Group, IntervalKind
from predictor.clinic.candidates import hundredths
from predictor.clinic.prices import Prices
from predictor.report.candidates_numbers import (
    money,
    patient_name,
    plain_names,
    ratio,
    threshold_text,
    unit_price,
    with_limits,
)

TITLE = "Patients in the order of predicted {label}, {horizon}"
SUBTITLE = "{source}: {ranked} of {all} patients ranked. Model {model}: {population}."
SIMULATED = "These patients are simulated: nothing here was measured in anybody."

_ANYWAY = (
    "This is an order of prognosis under {treatment}, not of what {treatment} achieves, and no "
    "answer to who should be given it: it may favour patients who would reach {label} anyway, "
    "without {treatment}."
)
_OTHER = (
    "This is an order of prognosis under the treatment that the model's patients had "
    "({population}), and nothing in the model says that it was {treatment}. It is no answer to who "
    "should be given {treatment}: it may favour patients who would reach {label} anyway."
)
UNCHECKED = "No model checks what speaks against {treatment}. To be looked at in every patient:"
NO_CLEARANCE = (
    "What the cohort has on record about it stands beside each patient. Where nothing stands, "
    "something may still speak against the treatment."
)
AFTER = (
    "The cohort holds entries from after the start of treatment ({names}). They play no part "
    "here; who has been treated already is no longer a candidate."
)
NOBODY = "Nobody can be ranked."

_CUT_THRESHOLD = "threshold {threshold}"
_CUT_BUDGET = "budget {budget}"
_AT_THRESHOLD = (
    "Threshold {threshold}: at it, about {number} patients are treated{how} per {label} "
    "observed, whether or not {cause} caused it."
)
_SELECTED = (
    "Selected: {count} of {ranked}. Among them, about {number} patients are treated{how} per "
    "{label} observed, whether or not {cause} caused it."
)
_HOW_OTHER = " as the model's patients were"
_CAUSE_OTHER = "that treatment"
_NONE_SELECTED = "Selected: nobody of {ranked}."
_NONE_REACH = (
    "Selected: nobody of {ranked}. The highest probability, {highest}, is below the threshold."
)
_UNDECIDED = (
    "The interval of {count} of {ranked} patients holds the threshold: the model cannot tell on "
    "which side of it they are."
)
_UNDECIDED_RANGE = (
    "The calibration range of {count} of {ranked} patients is not wholly on the side of the "
    "threshold where their probability is: the model cannot tell on which side of it they are."
)
_CONTRADICTED = (
    "The probability of {count} of {ranked} ranked patients lies more than 5 percentage points "
    "outside its calibration range: of patients of the cohort with such a score, another share had "
    "the event. Do not rely on their place in the order."
)
_BUDGET = "Budget {budget}: {spent} for {count} selected, {left} left."
_ALL_PAID = "It lasts for everybody the threshold selects."
_ALL_RANKED = "It lasts for everybody ranked."
_NEXT = (
    "It ends at {name}, rank {rank} ({cost}). Nobody further down is taken instead because of a "
    "lower weight."
)
_TIED = (
    "It ends at rank {rank}, which {count} patients share ({names}; {cost} together). The rest "
    "would pay for {affordable} of them, but the model does not tell them apart, so none of them "
    "is selected."
)
_BELOW_COURSE = "It is less than one course of any patient ranked costs (at least {course})."

_PRICES = (
    "Costs are those of immunoglobulin alone: {courses} courses of {dose} g/kg, one a month, at "
    "{price} per gram ({source}){vial}."
)
_PRICES_OTHER = (
    "Nothing says that the model's patients had {treatment}, or that {label} would be observed as "
    "often under it; costs per {label} observed hold only if it were."
)
_VIAL = ", whole vials of {vial} g"
_ASSUMED = "The weight of {count} of {ranked} patients is missing and counted as {weight} kg."
_RATIO = (
    "Treated per {label} observed: patients divided by the sum of their probabilities{cost}. It "
    "holds if the probabilities are right on average in such patients; a model made from few "
    "patients makes the highest ones too high."
)
_RATIO_COST = "; cost per {label} observed: their cost divided by the same sum"
_INTERVAL = (
    "Intervals of groups add up the patients' own {kind} as if all were too low, or all too high, "
    "together, which errs on the wide side. Chance{known} not in them."
)
_RANGES = (
    "Patients have {kind}: the share with the event among patients of the cohort with such a "
    "score. These do not add up to an interval of a group, so groups have none: the numbers are "
    "less sure than they look."
)
_KNOWN_PRICES = ", prices, weights and courses are"
_KNOWN = " is"
_CONFIDENCE = "{level} intervals ({method})"
_RANGE = "ranges ({method}, no confidence intervals)"
_NEVER_INTERVAL = (
    "This model gives no intervals, so none is shown: the numbers are less sure than they look."
)
_NO_INTERVAL = (
    "There is no interval of one kind for every patient, so groups have none: the numbers are less "
    "sure than they look."
)
_CHANCE = "By chance alone: 95% range of the number that is observed, were every probability right."
_ORDER = "Ranks and the cut follow probabilities that are not rounded."
_TIES = "Patients with an equals sign after the rank share it, in no order among themselves."
_FIGURE = (
    "{kind}{cut}This is prognosis under {treatment}; {refused}contraindications are unchecked."
)
_FIGURE_OTHER = "the treatment that the model's patients had"
_FIGURE_CUT = "Between selected and not selected lies the cut ({cut}). "
_FIGURE_KIND = "Bars: {kind}. "
_FIGURE_REFUSED = "{count} refused patients have no probability; "
_CAPTION = "Highest probability first{interval}."
_CAPTION_INTERVAL = ", with {kind} in brackets"
_EVIDENCE = "Evidence: {level}. {statement}"
_MODEL = "Model {name}, version {version}, {digest}"
_ITEM = "{name} ({note}). {columns}"
_FILLED = "Filled for all: {names}."
_PARTLY = "Filled for some: {names}."
_PART = "{label} ({filled} of {patients}{unreadable})"
_UNREADABLE = ", {count} unreadable"
_ABSENT = "No column in the cohort: {names}."


def title(found: CandidateList) -> str:
    """What the page is."""
    outcome = found.bundle.manifest["outcome"]
    return TITLE.format(label=outcome["label"], horizon=outcome["horizon"])


def subtitle(found: CandidateList) -> str:
    """Of whom, and by which model."""
    everybody = len(found.candidates) + len(found.outside) + len(found.refused)
    return SUBTITLE.format(
        source=found.source,
        ranked=f"{len(found.candidates):,}",
        all=f"{everybody:,}",
        model=found.bundle.name,
        population=found.bundle.manifest["outcome"]["population"],
    )


def banner(found: CandidateList) -> Iterator[str]:
    """What must be seen first, where it is so."""
    if found.demonstration:
        yield NOT_FOR_CARE
    if found.simulated:
        yield SIMULATED
    yield from found.meanings
    count = sum(any(w.code == CONTRADICTED for w in c.warnings) for c in found.candidates)
    if count:
        yield _CONTRADICTED.format(count=f"{count:,}", ranked=f"{len(found.candidates):,}")


def must_be_said(found: CandidateList) -> Iterator[str]:
    """Sentences that go wherever the order goes, in every format."""
    yield from banner(found)
    yield anyway(found)
    yield " ".join([UNCHECKED.format(treatment=found.treatment.name), *unchecked(found)])
    if found.after_treatment:
        yield AFTER.format(names=plain_names(found.after_treatment))


def anyway(found: CandidateList) -> str:
    """What the order is not."""
    outcome = found.bundle.manifest["outcome"]
    template = _ANYWAY if found.under_treatment else _OTHER
    return template.format(
        treatment=found.treatment.name,
        label=outcome["label"],
        population=outcome["population"],
    )


def unchecked(found: CandidateList) -> Iterator[str]:
    """What is not checked, with the columns of the cohort that bear on it."""
    for item in found.treatment.unchecked:
        columns = [column for column in found.columns if column.item == item.name]
        there = [column for column in columns if column.in_cohort]
        parts = [c for c in there if c.filled < c.patients]
        named = (
            (_FILLED, [c.label for c in there if c.filled == c.patients]),
            (_PARTLY, [_part(column) for column in parts]),
            (_ABSENT, [c.label for c in columns if not c.in_cohort]),
        )
        said = " ".join(t.format(names=", ".join(names)) for t, names in named if names)
        yield _ITEM.format(name=item.name, note=item.note, columns=said).strip()


def _part(column: RecordedColumn) -> str:
    return _PART.format(
        label=column.label,
        filled=f"{column.filled:,}",
        patients=f"{column.patients:,}",
        unreadable=_UNREADABLE.format(count=f"{column.unreadable:,}") if column.unreadable else "",
    )


def about_the_cut(found: CandidateList) -> Iterator[str]:
    """What the cut that was asked for means."""
    chosen = found.chosen
    if not found.candidates:
        yield NOBODY
        return
    if chosen is None:
        return
    label = label_of(found)
    how = "" if found.under_treatment else _HOW_OTHER
    cause = found.treatment.name if found.under_treatment else _CAUSE_OTHER
    ranked = f"{len(found.candidates):,}"
    if chosen.threshold is not None:
        yield _AT_THRESHOLD.format(
            threshold=threshold_text(chosen.threshold),
            number=ratio(1 / chosen.threshold),
            label=label,
            how=how,
            cause=cause,
        )
    selected = _selected(found)
    if selected is not None and selected.per_event is not None:
        yield _SELECTED.format(
            count=f"{selected.patients:,}",
            ranked=ranked,
            number=with_limits(selected.per_event, ratio),
            label=label,
            how=how,
            cause=cause,
        )
    elif chosen.threshold is not None and found.candidates[0].probability < chosen.threshold:
        highest = percent(found.candidates[0].probability)
        yield _NONE_REACH.format(ranked=ranked, highest=highest)
    else:
        yield _NONE_SELECTED.format(ranked=ranked)
    if chosen.undecided:
        ranges = found.interval is not None and found.interval.level is None
        undecided = _UNDECIDED_RANGE if ranges else _UNDECIDED
        yield undecided.format(count=f"{chosen.undecided:,}", ranked=ranked)
    if chosen.budget is not None and found.prices is not None:
        yield " ".join(_about_the_budget(found, chosen, found.prices))


def _about_the_budget(found: CandidateList, chosen: Chosen, prices: Prices) -> Iterator[str]:
    budget, spent = chosen.budget or 0.0, chosen.spent or 0.0
    left = (hundredths(budget) - hundredths(spent)) / 100
    selected = _selected(found)
    yield _BUDGET.format(
        budget=money(budget, prices),
        spent=money(spent, prices),
        count=f"{selected.patients if selected else 0:,}",
        left=money(left, prices),
    )
    names = [patient_name(c.patient, c.row) for c in chosen.next]
    cost = money(sum(c.cost or 0.0 for c in chosen.next), prices)
    if not chosen.next:
        if found.candidates[-1].selected:
            yield _ALL_RANKED
        elif selected is not None:
            yield _ALL_PAID
    elif len(names) == 1:
        yield _NEXT.format(name=names[0], rank=chosen.next[0].rank, cost=cost)
    else:
        yield _TIED.format(
            rank=chosen.next[0].rank,
            count=f"{len(names):,}",
            names=plain_names(names),
            cost=cost,
            affordable=chosen.next_affordable or "none",
        )
    if chosen.cheapest_course is not None and budget < chosen.cheapest_course:
        yield _BELOW_COURSE.format(course=money(chosen.cheapest_course, prices))


def assumptions(found: CandidateList) -> Iterator[str]:
    """What the numbers rest on."""
    prices = found.prices
    if found.candidates and prices is not None:
        yield _PRICES.format(
            courses=f"{prices.courses:g}",
            dose=f"{prices.dose:g}",
            price=unit_price(prices.price_per_gram, prices),
            source=prices.source,
            vial="" if prices.vial is None else _VIAL.format(vial=f"{prices.vial:g}"),
        )
        if not found.under_treatment:
            yield _PRICES_OTHER.format(treatment=found.treatment.name, label=label_of(found))
        count = sum(c.weight_assumed for c in found.candidates)
        if count and prices.weight_default is not None:
            yield _ASSUMED.format(
                count=f"{count:,}",
                ranked=f"{len(found.candidates):,}",
                weight=f"{prices.weight_default:g}",
            )
    if found.candidates:
        label = label_of(found)
        cost = "" if prices is None else _RATIO_COST.format(label=label)
        yield _RATIO.format(label=label, cost=cost)
        yield from _about_intervals(found)
        yield _CHANCE
        yield _ORDER
        if any(c.tied for c in found.candidates):
            yield _TIES
    yield from found.unread
    evidence = found.bundle.manifest["evidence"]
    yield _EVIDENCE.format(level=evidence["level"], statement=evidence["statement"])
    if found.validation:
        yield found.validation
    yield _MODEL.format(
        name=found.bundle.name,
        version=found.bundle.manifest["model"]["version"],
        digest=found.bundle.digest[:19],
    )


def _about_intervals(found: CandidateList) -> Iterator[str]:
    if found.interval is None:
        yield _NEVER_INTERVAL if all(c.low is None for c in found.candidates) else _NO_INTERVAL
        return
    if found.interval.level is None:
        yield _RANGES.format(kind=_kind(found.interval))
        return
    known = _KNOWN if found.prices is None else _KNOWN_PRICES
    yield _INTERVAL.format(kind=_kind(found.interval), known=known)


def order_caption(found: CandidateList) -> str:
    """What the table of patients holds."""
    kind = found.interval
    interval = "" if kind is None else _CAPTION_INTERVAL.format(kind=_kind(kind))
    return _CAPTION.format(interval=interval)


def figure_note(found: CandidateList) -> str:
    """What stands below the figure."""
    kind = found.interval
    count = len(found.refused)
    return _FIGURE.format(
        kind="" if kind is None else _FIGURE_KIND.format(kind=_kind(kind)),
        cut="" if found.chosen is None else _FIGURE_CUT.format(cut=cut_text(found)),
        treatment=found.treatment.name if found.under_treatment else _FIGURE_OTHER,
        refused=_FIGURE_REFUSED.format(count=f"{count:,}") if count else "",
    )


def _kind(kind: IntervalKind) -> str:
    if kind.level is None:
        return _RANGE.format(method=kind.method)
    return _CONFIDENCE.format(level=f"{kind.level:.0%}", method=kind.method)


def cut_text(found: CandidateList) -> str:
    """The cut in a few words, for a heading; empty where there is none."""
    chosen = found.chosen
    if chosen is None:
        return ""
    parts = []
    if chosen.threshold is not None:
        parts.append(_CUT_THRESHOLD.format(threshold=threshold_text(chosen.threshold)))
    if chosen.budget is not None and found.prices is not None:
        parts.append(_CUT_BUDGET.format(budget=money(chosen.budget, found.prices)))
    return " and ".join(parts)


def label_of(found: CandidateList) -> str:
    """What the event is called."""
    return str(found.bundle.manifest["outcome"]["label"])


def _selected(found: CandidateList) -> Group | None:
    return next((group for group in found.groups if group.name == "selected"), None)
