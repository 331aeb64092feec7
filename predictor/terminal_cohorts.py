"""What people see of a cohort on a terminal: problems, the dictionary, what was simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from predictor.terminal import plain, print_tables, say, say_wrapped

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from predictor.clinical.dictionary import Dictionary
    from predictor.clinical.variable import Variable
    from predictor.cohort.laboratory import Proposal
    from predictor.cohort.problem import Problem
    from predictor.workflow.check import CohortCheck
    from predictor.workflow.simulate import SimulatedFile

_FEW = 6
_MEND = "Mend these:"
_LOOK = "Look at these; they stop nothing:"
_INCLUDED = (
    "Besides, for visits and definitions of outcomes (`predictor outcomes`); in no form unless a "
    "study names them:"
)


def show_problems(check: CohortCheck, limit: int) -> None:
    """What must be mended and what to look at, with rows and cells; equal ones in one line."""
    groups: dict[tuple[bool, str, str, str], list[Problem]] = {}
    for p in check.problems:
        groups.setdefault((not p.fatal, p.column, p.code, p.message), []).append(p)
    if groups:
        shown = sorted(groups.items())[:limit]
        for mild, heading in ((False, _MEND), (True, _LOOK)):
            part = [(key[1:], found) for key, found in shown if key[0] == mild]
            if part:
                say(heading)
                print_tables(_problems_table(part))
        if len(groups) > limit:
            say(f"... and {len(groups) - limit} more kinds; --format json lists all.")
        counts = Counter(problem.code for problem in check.problems)
        say("Found: " + ", ".join(f"{code} {count}" for code, count in counts.most_common()))
    if check.proposals:
        show_proposals(check.proposals)
    if check.flow:
        say("Patients: " + ", ".join(f"{s.patients} {s.step}" for s in check.flow))
    say(f"Columns checked: {', '.join(check.checked) or 'none'}")
    if check.unchecked:
        say(f"Not checked: {len(check.unchecked)} columns that nothing names.")
    say("The cohort can be used." if check.usable else "The cohort cannot be used as it is.")


def _problems_table(groups: Iterable[tuple[tuple[str, str, str], list[Problem]]]) -> RichTable:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Column", no_wrap=True)
    table.add_column("Problem")
    table.add_column("Rows")
    table.add_column("Cells")
    for (column, code, message), found in groups:
        rows = [_place(p) for p in found if p.row is not None]
        cells = list(dict.fromkeys(p.value for p in found if p.value))
        table.add_row(plain(column), plain(f"{message} [{code}]"), _few(rows), plain(_few(cells)))
    return table


def show_proposals(proposals: Sequence[Proposal]) -> None:
    """Values that are no plain numbers, counted by kind, and rules that can be pasted."""
    from predictor.cohort.laboratory import as_yaml

    for p in proposals:
        say(f"{p.column}: {p.count} of kind {p.kind.replace('_', ' ')}")
    say("Rules to choose from and to paste (docs/laboratory.md says what each does to statistics):")
    say(as_yaml(proposals))


def _place(problem: Problem) -> str:
    """A row, and in which table where that is not the file."""
    return f"{problem.row} of the {problem.table}" if problem.table else str(problem.row)


def _few(items: Sequence[str]) -> str:
    """The first of many, and how many there are."""
    if len(items) <= _FEW:
        return ", ".join(items)
    return f"{', '.join(items[:_FEW])} ... ({len(items)})"


def show_simulation(done: SimulatedFile) -> None:
    """What was simulated, what gave way, and which printed figures no 31 patients can give."""
    from predictor.report.simulation_text import simulation_lines

    for line in simulation_lines(done.simulation, str(done.path)):
        say_wrapped(line)


def show_variables(dictionary: Dictionary) -> None:
    """The dictionary, one line per variable; what definitions of outcomes need besides, apart."""
    print_tables(_variables_table(dictionary.variables.values()))
    if dictionary.included:
        say(_INCLUDED)
        print_tables(_variables_table(dictionary.included.values()))


def _variables_table(variables: Iterable[Variable]) -> RichTable:
    from rich import box
    from rich.table import Table

    from predictor.clinical.units import readable_unit

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Variable", "Label", "Unit or states", "Other units", "Reference", "Possible"):
        table.add_column(name)
    for v in variables:
        others = [readable_unit(unit) for unit in v.units if unit != v.unit]
        meant = readable_unit(v.unit) if v.unit else ", ".join(v.states)
        note_of_time = "" if v.time == "baseline" else f" ({v.time.replace('_', '-')})"
        table.add_row(
            plain(v.name + note_of_time),
            plain(v.label),
            plain(meant),
            plain(", ".join(others)),
            str(v.reference or ""),
            str(v.plausible or ""),
        )
    return table
