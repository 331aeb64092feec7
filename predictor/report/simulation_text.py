"""A simulated cohort in words: what it is, what gave way, what of the study cannot be had."""

from __future__ import annotations

from collections.abc import Iterator

from predictor.cohort.published import Simulation


def simulation_lines(simulation: Simulation, path: str) -> Iterator[str]:
    """Sentences and headings, one a line; an empty line begins a new part.

    Parameters
    ----------
    simulation
        What was simulated.
    path
        Where it was written.
    """
    yield f"Wrote {path}: {simulation.patients:,} simulated patients, none of them real."
    reached = ", ".join(
        f"{outcome} {area:.3f} (Monte Carlo error {simulation.true_auroc_error[outcome]:.4f})"
        for outcome, area in simulation.true_auroc.items()
    )
    yield (
        f"Scenario {simulation.scenario.name}: {simulation.scenario.description}. A model that "
        f"knew it would reach an AUROC of: {reached}."
    )
    parts = {
        "What gave way to something more important:": simulation.gave_way,
        "Printed figures that cannot be reproduced:": simulation.not_reproducible,
    }
    for heading, entries in parts.items():
        if entries:
            yield ""
            yield heading
            yield from (f"- {entry}" for entry in entries)
