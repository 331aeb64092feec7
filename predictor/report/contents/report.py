"""All sections of a report, in the order in which a reviewer reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.checklists import checklists
from predictor.report.contents.equation import the_model
from predictor.report.contents.explanation import explanation
from predictor.report.contents.external import external
from predictor.report.contents.federated import federated
from predictor.report.contents.patients import patients
from predictor.report.contents.performance import performance
from predictor.report.contents.pitfalls import pitfalls
from predictor.report.contents.reproduce import reproduce
from predictor.report.contents.source import Source
from predictor.report.contents.updating import updating
from predictor.report.contents.verdict import verdict_of, verdict_section
from predictor.report.document import Checks, Report, Section, blocks_of

TITLE = "{outcome}, {horizon}: report of the model {name}"
SUBTITLE = "{model}, trained on {who} and made on {day} with predictor {version}"
PEOPLE = "{patients:,} patients"
SIMULATED = "{patients:,} simulated patients"

MISSING = "Not in this bundle: {part}. A training with this version finds it."

PARTS = {
    "patients": "the tables of its patients",
    "curves": "curves of performance",
    "subgroups": "figures of subgroups",
    "instability": "instability by bins of patients",
    "ranks": "ranks of the variables over the refits",
    "profiles": "profiles for the explanation",
    "pitfalls": "what the checks for pitfalls found",
}
"""What every finished training finds, with the words for it; a prevalence has less."""

OF_A_MODEL = {"instability", "ranks", "profiles"}
"""What there is only of a model that tells patients apart."""


def report_of(source: Source) -> Report:
    """Everything a report says, from a bundle alone.

    Parameters
    ----------
    source
        The bundle, opened.

    Returns
    -------
    Report
        The sections in their order; what an older bundle lacks is said in them, and in
        ``missing``.
    """
    found = tuple(_after_verdict(source))
    verdict = verdict_of(source, tuple(warnings_of(found)))
    manifest = source.manifest
    return Report(
        TITLE.format(
            outcome=_capital(str(manifest["outcome"]["label"])),
            horizon=manifest["outcome"]["horizon"],
            name=manifest["name"],
        ),
        subtitle(manifest),
        verdict,
        about(source),
        (verdict_section(source, verdict), *found),
        tuple(_missing(source)),
    )


def about(source: Source) -> dict[str, Any]:
    """What programs need to know of the model, to tell reports apart and to find them again."""
    manifest = source.manifest
    outcome, evidence = manifest["outcome"], manifest["evidence"]
    return {
        "name": manifest["name"],
        "outcome": outcome["name"],
        "label": outcome["label"],
        "horizon": outcome["horizon"],
        "population": outcome["population"],
        "event": outcome.get("event"),
        "time_zero": outcome.get("time_zero"),
        "limits": outcome.get("limits", {}),
        "model": manifest["model"].get("label"),
        "version": manifest["model"]["version"],
        "model_digest": manifest["model"]["digest"],
        "cohort_digest": manifest.get("cohort", {}).get("digest"),
        "evidence": evidence["level"],
        "patients": evidence.get("patients"),
        "events": evidence.get("events"),
        "simulated_patients": evidence.get("simulated_patients"),
        "analysed": manifest.get("cohort", {}).get("patients"),
        "analysed_events": manifest.get("cohort", {}).get("events"),
        "created": manifest.get("created"),
        "predictor_version": _version(manifest),
        "run_id": source.tracking.get("run_id"),
    }


def _after_verdict(source: Source) -> Iterator[Section]:
    """Sections b to h, in the order of the page."""
    if "update" in source.manifest:
        yield updating(source)
    if "federated" in source.manifest:
        yield federated(source)
    yield patients(source)
    yield performance(source)
    if source.external:
        yield external(source)
    yield explanation(source)
    yield the_model(source)
    yield from checklists(source)
    yield pitfalls(source)
    yield reproduce(source)


def warnings_of(sections: tuple[Section, ...]) -> Iterator[str]:
    """Names of the automatic checks that a reader must not go on without."""
    for block in blocks_of(sections):
        if isinstance(block, Checks):
            yield from (check.name for check in block.checks if check.status == "warning")


def _missing(source: Source) -> Iterator[str]:
    # Whose own section says what is not known, and why.
    if "update" in source.manifest or "federated" in source.manifest:
        return
    prevalence = source.manifest["model"].get("candidate") == "prevalence"
    for part, name in PARTS.items():
        if part not in source.findings and not (prevalence and part in OF_A_MODEL):
            yield MISSING.format(part=name)


def subtitle(manifest: Mapping[str, Any]) -> str:
    """By what, from whom and when the model was made."""
    evidence = manifest["evidence"]
    simulated = evidence.get("simulated_patients") or 0
    people = evidence.get("patients") or manifest.get("cohort", {}).get("patients") or 0
    who = SIMULATED.format(patients=simulated) if simulated else PEOPLE.format(patients=people)
    return SUBTITLE.format(
        model=manifest["model"].get("label", "A model"),
        who=who,
        day=str(manifest.get("created", "an unknown day")).partition("T")[0],
        version=_version(manifest) or "of an unknown version",
    )


def _version(manifest: Mapping[str, Any]) -> str | None:
    packages = manifest.get("environment", {}).get("packages", {})
    version: str | None = packages.get("sle-ivig-predictor")
    return version


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
