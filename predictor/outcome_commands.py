"""Commands about outcome definitions: all that ship, and one in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from predictor import terminal_outcomes
from predictor.command import FILE, as_format, command, print_json

if TYPE_CHECKING:
    from predictor.clinical.dictionary import Dictionary
    from predictor.clinical.outcome_definitions import OutcomeDefinition


@command("predictor outcomes lldas")
@click.argument("name", required=False)
@click.option("--dictionary", type=FILE, help="A dictionary of your own, not the shipped one.")
@as_format
def outcomes(name: str | None, dictionary: Path | None, output: str) -> None:
    """List outcome definitions, or show one with its rule.

    NAME is a shipped definition, or a YAML file of your own.
    """
    from predictor.clinical.dictionary import load_dictionary
    from predictor.clinical.outcome_definitions import load_outcome, outcome_names

    known = load_dictionary(dictionary)
    if name is not None:
        found = load_outcome(name, known)
        if output == "json":
            print_json(_in_full(found, known))
        else:
            terminal_outcomes.show_outcome(found, known)
        return
    listed = [load_outcome(shipped, known) for shipped in outcome_names()]
    if output == "json":
        print_json({"outcomes": [_in_full(found, known) for found in listed]})
    else:
        terminal_outcomes.show_outcomes(listed)


def _in_full(found: OutcomeDefinition, dictionary: Dictionary) -> dict[str, Any]:
    """Return a definition with what its variables are."""
    variables = {}
    for name in sorted(found.variables):
        variable = dictionary.variable(name)
        variables[name] = {
            "label": variable.label,
            "unit": variable.unit,
            "states": list(variable.states),
        }
    return {**found.to_dict(), "variables": variables}
