"""What the columns of a table are to a model, found once for the file and not with every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from predictor.clinic.intake import PatientTable, shown
from predictor.clinic.patient import IDENTIFIER, unknown_columns, unknown_reasons
from predictor.clinic.study_names import other_meanings, own_names
from predictor.clinical.cells import SIMULATED
from predictor.errors import DocumentError
from predictor.fitted.bundle import Bundle

_UNREAD = "Columns left unread: {names}."
_INDEX = "The index of the data frame is left unread: {names}."
_NO_VARIABLES = "some columns are no variables of this model"
_OWN_NAMES = "some columns are predictors by the names of the study's own files"
_RENAME = "Rename them:"
_RENAME_OR_IGNORE = "Rename them, or pass --ignore-unknown to leave unread what is no predictor:"
_UNUSED = "Columns that this model does not use: {names}."


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The columns of a table by what becomes of them.

    Parameters
    ----------
    used
        Predictors, what can rule a patient out, the identifier, and the mark of simulated patients.
    unused
        Variables of the dictionary that the model has no use for.
    unknown
        Other columns, which are left unread on request.
    index
        Columns of an index that pandas kept, which are left unread.
    meanings
        What cells of the columns would mean in the files of the model's study, where that is
        something else; in sentences.
    """

    used: tuple[str, ...]
    unused: tuple[str, ...]
    unknown: tuple[str, ...]
    index: tuple[str, ...]
    meanings: tuple[str, ...]

    @property
    def left_out(self) -> frozenset[str]:
        """Columns that are neither used nor known."""
        return frozenset((*self.unknown, *self.index))

    @property
    def ignored(self) -> tuple[str, ...]:
        """Unknown columns as they can be shown, sorted."""
        return tuple(sorted(map(shown, self.unknown)))

    def notes(self) -> Iterator[str]:
        """What is to be said once for the file."""
        yield from self.unread_notes()
        if self.unused:
            yield _UNUSED.format(names=", ".join(map(shown, self.unused)))
        yield from self.meanings

    def unread_notes(self) -> Iterator[str]:
        """Which columns were left unread."""
        for template, names in ((_UNREAD, self.ignored), (_INDEX, self.index)):
            if names:
                yield template.format(names=", ".join(map(shown, names)))


def columns_of(
    table: PatientTable,
    bundle: Bundle,
    source: str,
    *,
    ignore_unknown: bool,
    beside: bool = False,
) -> TableColumns:
    """Tell what the columns of a table are.

    Parameters
    ----------
    table
        The table.
    bundle
        The model that reads it.
    source
        Name of the file, for messages.
    ignore_unknown
        Whether columns that are no variables are left unread. A column by which the files of the
        model's study call a predictor is not: the predictor would silently be a missing one.
    beside
        Whether columns that the model does not use are read all the same, to stand beside it.

    Raises
    ------
    DocumentError
        If there are unknown columns that are not to be ignored; with a reason for each.
    """
    read = {variable.name for variable in (*bundle.variables, *bundle.criteria)}
    read |= {IDENTIFIER, SIMULATED}
    index, there = set(table.index), set(table.columns)
    unknown = [str(name) for name in unknown_columns(table.columns, bundle)]
    left = tuple(name for name in unknown if name in index)
    unknown = [name for name in unknown if name not in index]
    own = {column: name for column, name in own_names(bundle).items() if name in read}
    needed = [name for name in unknown if name in own and own[name] not in there]
    refused = needed if ignore_unknown else unknown
    if refused:
        rule = _OWN_NAMES if ignore_unknown else _NO_VARIABLES
        next_step = _RENAME if len(needed) == len(refused) else _RENAME_OR_IGNORE
        reasons = unknown_reasons(refused, bundle)
        raise DocumentError(source, rule, next_step, reasons=reasons)
    apart = {*unknown, *left}
    known = [name for name in table.columns if name not in apart]
    return TableColumns(
        used=tuple(name for name in known if name in read),
        unused=tuple(name for name in known if name not in read),
        unknown=tuple(unknown),
        index=left,
        meanings=tuple(other_meanings([n for n in known if beside or n in read], bundle)),
    )
