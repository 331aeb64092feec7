"""Which field a column of a REDCap export is, whether its first line has names or labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from predictor.cohort.sources.redcap_dictionary import RedcapProject, words
from predictor.errors import CohortError

_OF_REDCAP = {
    "event name": "redcap_event_name",
    "repeat instrument": "redcap_repeat_instrument",
    "repeat instance": "redcap_repeat_instance",
    "data access group": "redcap_data_access_group",
    "survey identifier": "redcap_survey_identifier",
}
_CHECKBOX = "{label} (choice={choice})"


def column_names(header: Sequence[str], project: RedcapProject, path: Path) -> list[str]:
    """Return the name of each column: its field, ``field___code`` or ``form_complete``.

    Parameters
    ----------
    header
        First line of the export.
    project
        Its data dictionary.
    path
        The file, for messages.

    Raises
    ------
    CohortError
        If no column is a field of the project, or a label may be one of several fields.
    """
    names = _names(project)
    if sum(name.strip() in names for name in header) > 1:
        return [name.strip() for name in header]
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, name in _labels(project):
        by_label[label.casefold()].append(name)
    wanted = Counter(words(label).casefold() for label in header)
    unclear = sorted(
        label
        for label, count in wanted.items()
        if len(by_label.get(label, ())) > 1 and len(by_label[label]) != count
    )
    if unclear:
        raise CohortError(
            str(path),
            f"these labels belong to more than one field: {', '.join(unclear)[:300]}",
            "Export with field names in the first line (CSV, raw data).",
        )
    # Where a label is there as often as fields have it, they stand in the dictionary's order.
    waiting = {label: list(found) for label, found in by_label.items()}
    found = []
    for label in header:
        key = words(label).casefold()
        found.append(waiting[key].pop(0) if waiting.get(key) else label.strip())
    if not set(found) & names:
        raise CohortError(
            str(path),
            "none of its columns is a field of the data dictionary",
            "Give the dictionary of the same project.",
        )
    return found


def _names(project: RedcapProject) -> set[str]:
    found = {f"{form}_complete" for form in project.forms}
    for field in project.fields.values():
        found |= (
            {field.column(code) for code in field.choices}
            if field.kind == "checkbox"
            else {field.name}
        )
    return found


def _labels(project: RedcapProject) -> Iterator[tuple[str, str]]:
    yield from _OF_REDCAP.items()
    for field in project.fields.values():
        if field.kind == "checkbox":
            for code, choice in field.choices.items():
                yield _CHECKBOX.format(label=field.label, choice=choice), field.column(code)
        else:
            yield field.label, field.name
    for form in project.forms:
        yield "Complete?", f"{form}_complete"
