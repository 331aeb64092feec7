"""Section h of a report: what is needed to make the same model again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from predictor.documents import yaml_text
from predictor.report.contents.source import Source
from predictor.report.document import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Paragraph,
    Section,
    Table,
    Verbatim,
)

ID = "reproduce"
STUDY = "study.yaml"

SAME = (
    "The same patients, configuration and versions give the same numbers, whatever the number of "
    "workers and the machine's speed, unless validation.minutes cuts the bootstrap or the "
    "permutations short; what was cut short stands among the pitfalls."
)
PUBLISHED = (
    "Save the configuration below as {study}. The patients are simulated from it, so nothing else "
    "is needed."
)
FILE = (
    "Save the configuration below as {study}. The patients are not part of this bundle; the digest "
    "of the cohort, which is taken over what was analysed and not over the file, says whether a "
    "file holds the same ones."
)
PATHS = "Folders were left out of it, and so was the address of the tracking store."
COMMANDS = "# with {package} {version} and the versions below\npredictor train {study}{data}"
DATA = " --data {file}"
PACKAGE = "sle-ivig-predictor"

RUN = "MLflow run"
RUN_MEANING = "Experiment {experiment}."
NOT_SENT = "not sent"
NOT_SENT_MEANING = "No record was sent to a tracking store; predictor track sends it."
SEED = "Seed"
SEED_MEANING = "Folds, inner folds, resamples, permutations and forests derive theirs from it."
MADE = "Made"
MADE_MEANING = "Universal time."
COMMIT = "Commit"
COMMIT_MEANING = "Of the folder the training ran in."
UNKNOWN = "not known"
UNKNOWN_MEANING = "The bundle does not say."

_COMMIT, _MINUTE = 12, 16
"""Characters of a commit that tell it from all others, and of a time without its seconds."""

DIGESTS_NOTE = (
    "The digest of the model covers its own files only, so a rewritten report does not change it. "
    "tracking.json and the report are outside all digests."
)


def reproduce(source: Source) -> Section:
    """Configuration, seeds, versions, digests and the command.

    Parameters
    ----------
    source
        The bundle, opened; what an older one does not hold is left out or said to be unknown.
    """
    return Section(ID, "Reproduce", tuple(_blocks(source)))


def _blocks(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    config = manifest.get("config") or {}
    published = bool(config.get("cohort", {}).get("published"))
    yield Paragraph(SAME)
    yield Facts(tuple(_facts(source, config)))
    if config:
        yield Paragraph((PUBLISHED if published else FILE).format(study=STUDY))
        yield Verbatim(_command(manifest, published=published), "Command")
        yield Paragraph(PATHS, "quiet")
        yield Verbatim(yaml_text(config), STUDY, folded=True)
        yield _table("seeds", "Seeds", ("Of", "Seed"), _seeds(config))
    yield _table("versions", "Versions", ("Software", "Version"), _versions(manifest))
    yield _table("digests", "Digests", ("Of", "Digest"), _digests(manifest), DIGESTS_NOTE)


def _facts(source: Source, config: Mapping[str, Any]) -> Iterator[Fact]:
    manifest, sent = source.manifest, source.tracking
    if sent.get("run_id"):
        meaning = RUN_MEANING.format(experiment=sent.get("experiment", UNKNOWN))
        yield Fact(RUN, str(sent["run_id"]), meaning)
    else:
        yield Fact(RUN, NOT_SENT, NOT_SENT_MEANING)
    environment = manifest.get("environment") or {}
    for label, value, meaning in (
        (SEED, config.get("validation", {}).get("seed"), SEED_MEANING),
        (COMMIT, _shortened(environment.get("git_commit"), _COMMIT), COMMIT_MEANING),
        (MADE, _shortened(manifest.get("created"), _MINUTE), MADE_MEANING),
    ):
        if value is None:
            yield Fact(label, UNKNOWN, UNKNOWN_MEANING)
        else:
            yield Fact(label, str(value), meaning)


def _shortened(text: object, length: int) -> str | None:
    """The beginning of a commit or a time; the whole stands in the table of versions."""
    return None if text is None else str(text)[:length].replace("T", " ")


def _command(manifest: Mapping[str, Any], *, published: bool) -> str:
    """What to type; the file of the patients is named as it was, without its folder."""
    packages = (manifest.get("environment") or {}).get("packages", {})
    file = manifest.get("cohort", {}).get("file") or "COHORT"
    return COMMANDS.format(
        package=PACKAGE,
        version=packages.get(PACKAGE, "VERSION"),
        study=STUDY,
        data="" if published else DATA.format(file=_quoted(str(file))),
    )


def _quoted(name: str) -> str:
    """A file name as a shell takes it for one word, whatever it holds.

    >>> _quoted("cohort.csv"), _quoted("my cohort.csv")
    ('cohort.csv', "'my cohort.csv'")
    """
    return shlex.quote(name)


def _seeds(config: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    yield "validation and fits", config.get("validation", {}).get("seed")
    published = config.get("cohort", {}).get("published")
    if published:
        yield "simulated patients", published.get("seed")


def _versions(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    environment = manifest.get("environment") or {}
    yield "Python", environment.get("python")
    yield "System", environment.get("system")
    yield "Commit", environment.get("git_commit")
    yield "Made", manifest.get("created")
    yield from environment.get("packages", {}).items()


def _digests(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    yield "cohort", manifest.get("cohort", {}).get("digest")
    yield "model", manifest.get("model", {}).get("digest")
    yield "manifest.json", manifest.get("manifest_digest")
    yield from manifest.get("files", {}).items()


def _table(
    name: str,
    caption: str,
    labels: tuple[str, str],
    rows: Iterator[tuple[str, Cell]],
    note: str = "",
) -> Table:
    """Names with a value each; what has none is left out."""
    columns = (Column("name", labels[0]), Column("value", labels[1]))
    found = tuple({"name": key, "value": value} for key, value in rows if value is not None)
    told = tuple({**row, "value": str(row["value"])} for row in found)
    return Table(f"{ID}-{name}", caption, columns, told, note, folded=True)
