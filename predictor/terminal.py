"""What people see on a terminal: tables, a progress bar, problems. No science, no decisions."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from predictor.clinic.answer_table import COUNTS, heading, legend, table
from predictor.errors import PredictorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.table import Table

    from predictor.clinic.prediction import Predictions
    from predictor.cohort.cohort import Cohort
    from predictor.tracking.sent import SentRun
    from predictor.workflow.predict import Found
    from predictor.workflow.predict_parts import FolderAnswers
    from predictor.workflow.progress import Progress

_MOST_ROWS = 60
_PIPED = 140
"""Columns of a table that goes to no terminal, where figures must not be folded."""


def visible(text: str) -> str:
    r"""Text in which nothing is left that a terminal obeys or that hides or turns other text.

    Names of files and of models come from outside. Escapes are those of JSON, so that JSON stays
    what it is.

    >>> visible("a\x1b[2Jb"), visible("c3: 75 mg/dL\n")
    ('a\\u001b[2Jb', 'c3: 75 mg/dL\n')
    """
    if text.replace("\n", "").isprintable():
        return text
    return "".join(f"\\u{ord(sign):04x}" if _is_obeyed(sign) else sign for sign in text)


def _is_obeyed(sign: str) -> bool:
    from unicodedata import category

    return sign not in "\n\t" and category(sign) in ("Cc", "Cf", "Zl", "Zp") and sign < "\U00010000"


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    with _room_for_the_result():
        print(visible(text))


def flush() -> None:
    """Hand everything said to the system; an error if its disk is full."""
    with _room_for_the_result():
        sys.stdout.flush()


@contextmanager
def _room_for_the_result() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        raise PredictorError(
            "standard output", f"the result cannot be written ({error.strerror})", "Free some room."
        ) from None


def silence() -> None:
    """Say nothing more on stdout, not even what is still waiting to be said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_wrapped(text: str, indent: int = 2) -> None:
    """A sentence of the result, folded at words on a terminal and in one line elsewhere."""
    if sys.stdout.isatty():
        folded = textwrap.wrap(
            text,
            width(),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        text = "\n".join(folded)
    say(text)


def note(text: str) -> None:
    """A line beside the result, on stderr."""
    print(visible(text), file=sys.stderr)


def show_error(error: PredictorError) -> None:
    """An error in full, on stderr."""
    note(f"predictor: {error}")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar with the time left on stderr; silent when stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(
        TextColumn("{task.description:<40}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        yield _Listener(bar)


class _Listener:
    """Draws what a workflow tells."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None
        self._stage = ""

    def stage(self, name: str) -> None:
        """Begin a new line for a stage."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._stage = name
        self._task = self._bar.add_task(name, total=None)

    def advance(self, share: float, what: str) -> None:
        """Move the bar."""
        self._bar.update(
            self._task, description=f"{self._stage}: {what}"[:40], total=1.0, completed=share
        )


def show_notes(found: Found) -> None:
    """What is to be said once for a file of patients, on stderr."""
    from predictor.workflow.predict import TableAnswers

    if isinstance(found, TableAnswers):
        for sentence in found.notes:
            note(f"predictor: {sentence}")


def show_found(found: Found) -> None:
    """What ``predictor predict`` found: one patient in words, many as a table."""
    from predictor.workflow.predict import RecordAnswer, TableAnswers

    if isinstance(found, TableAnswers):
        show_predictions(found.answers, found.answered, found.refused)
    elif isinstance(found, RecordAnswer):
        if found.answered:
            say(str(found.answer))
        else:
            show_predictions(found.answers, 0, 1)
        say()
        say(str(found.record))
    else:
        say(str(found))


def show_predictions(answers: Predictions, answered: int, refused: int) -> None:
    """Many answers, one line each, then the refused.

    Parameters
    ----------
    answers
        The first of them.
    answered, refused
        How many there are.
    """
    if answers.predictions:
        first = answers.predictions[0]
        for sentence in heading(first):
            say_wrapped(sentence)
        say()
        for line in table(answers, width(), _MOST_ROWS):
            say(line)
        if answered > _MOST_ROWS:
            say(f"... and {answered - _MOST_ROWS} more; --out FILE writes all.")
        say()
        for sentence in legend(answers.predictions[:_MOST_ROWS]):
            say_wrapped(sentence)
        _say_limits(first.evidence)
    for patient in answers.refused[:_MOST_ROWS]:
        name = f" ({patient.patient})" if patient.patient else ""
        say(f"Refused: row {patient.row}{name}")
        for reason in patient.reasons:
            say_wrapped(f"  - {reason}", indent=4)
    if refused > _MOST_ROWS:
        say(f"... and {refused - _MOST_ROWS} more refused.")
    say(COUNTS.format(answered=answered, refused=refused))


def show_folder(found: FolderAnswers) -> None:
    """What ``predictor predict`` made of a folder of files."""
    for sentence in found.notes:
        note(f"predictor: {sentence}")
    _say_limits(found.evidence)
    say(f"Answers: {found.out} ({len(found.parts)} files)")
    say(COUNTS.format(answered=found.answered, refused=found.refused))


def _say_limits(evidence: Mapping[str, Any]) -> None:
    say_wrapped(f"Evidence: {evidence['level']}. {evidence['statement']}")
    say_wrapped(
        "This is prognosis under the treatment of the cohort, not the effect of a treatment, "
        "and no answer to whether a patient needs one."
    )


def say_evidence(evidence: Mapping[str, Any], cohort: Cohort) -> None:
    """What stands behind a model, and how many patients were left after each step."""
    say_wrapped(f"{str(evidence['level']).upper()}. {evidence['statement']}")
    say()
    say_wrapped("Patients: " + ", ".join(f"{s.patients} {s.step}" for s in cohort.flow))


def say_warnings(cohort: Cohort) -> None:
    """What was noticed while reading a cohort, without numbers of rows."""
    for warning in cohort.warnings:
        head = f"{warning.variable}: " if warning.variable else ""
        say_wrapped(f"Warning: {head}{warning.message} [{warning.code}]")


def say_where(
    bundle: Path, report: Path, sent: SentRun | None, seconds: Mapping[str, float]
) -> None:
    """How long a training took, where everything is, and what can be done next."""
    say()
    say_wrapped("Time: " + ", ".join(f"{name} {spent:.1f} s" for name, spent in seconds.items()))
    say(f"Bundle: {bundle}")
    say(f"Report: {report}")
    if sent is not None:
        say(f"MLflow: {sent.tracking_uri}, experiment {sent.experiment}")
        say(f"        run {sent.run_id}")
    say(f"Next: predictor predict PATIENT.json --model {bundle}")


def width() -> int:
    """Columns that the result may take."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED


def plain(text: str) -> Any:
    """Text that rich does not read markup in."""
    from rich.text import Text

    return Text(visible(text))


def print_tables(*tables: Table) -> None:
    """Tables of the result, on stdout."""
    from rich.console import Console

    console = Console(width=width(), highlight=False)
    with _room_for_the_result():
        for table in tables:
            console.print(table)


def listed(files: Iterable[object]) -> str:
    """Names in a sentence."""
    return ", ".join(str(name) for name in files)
