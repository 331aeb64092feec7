"""Commands about cohorts: to begin a study, check, describe and simulate one, plan its size."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from predictor import terminal, terminal_cohorts
from predictor.command import FILE, answer_is_no, as_format, command, print_json


@command("predictor init study.yaml --schema")
@click.argument("file", type=FILE)
@click.option("--schema", is_flag=True, help="Also write the JSON Schema for editors.")
def init(file: Path, schema: bool) -> None:
    """Write a commented starter configuration to FILE."""
    from predictor.workflow.init import init as write

    written = write(file, schema=schema)
    terminal.say(
        f"Wrote {terminal.listed(written)}. Change what is marked, then: "
        f"predictor check COHORT --config {file}"
    )


@command("predictor variables --format redcap --config remission")
@click.option("--dictionary", type=FILE, help="A dictionary of your own, not the shipped one.")
@click.option(
    "--config", help="Only what this study collects, as columns of its file: redcap, template."
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "redcap", "template"]),
    default="text",
    show_default=True,
    help="redcap: a REDCap data dictionary; template: an empty cohort file. Both are CSV.",
)
def variables(dictionary: Path | None, config: str | None, output: str) -> None:
    """List the dictionary (names, units, ranges), or write forms."""
    if output in ("redcap", "template"):
        from predictor.workflow.variables import redcap_csv, template_csv

        write = redcap_csv if output == "redcap" else template_csv
        terminal.say(write(dictionary, config).decode().removesuffix("\n"))
        return
    if config is not None:
        raise click.UsageError("--config goes with --format redcap or template.")
    from predictor.clinical.dictionary import load_dictionary

    found = load_dictionary(dictionary)
    if output == "json":
        entries = [variable.to_dict() for variable in found.variables.values()]
        besides = [variable.to_dict() for variable in found.included.values()]
        print_json({"dictionary": found.name, "variables": entries, "included": besides})
    else:
        terminal_cohorts.show_variables(found)


@command("predictor check cohort.csv --config study.yaml")
@click.argument("cohort", type=FILE, required=False)
@click.option("--config", help="Configuration whose columns, units and rules are used.")
@click.option("--model", help="Check for validate, update and monitor, by the rules of this model.")
@click.option("--mapping", type=FILE, help="With --model: how the file writes what it needs.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Most problems to print as text.",
)
@as_format
def check(
    cohort: Path | None,
    config: str | None,
    model: str | None,
    mapping: Path | None,
    limit: int,
    output: str,
) -> None:
    """List every problem of a cohort: row, column, rule, suggestion.

    COHORT is a CSV, Excel or Parquet file; without it, --config says where the patients are. Exits
    with 1 if a problem is fatal.
    """
    from predictor.workflow.check import check as run
    from predictor.workflow.check import check_for

    if model is not None:
        if cohort is None or config is not None:
            raise click.UsageError("--model goes with a cohort file, and not with --config.")
        found = check_for(model, cohort, mapping)
    elif mapping is not None:
        raise click.UsageError("--mapping goes with --model.")
    elif cohort is None and config is None:
        raise click.UsageError("name a cohort file, or --config with a configuration.")
    else:
        found = run(cohort, config)
    if output == "json":
        problems = [
            {
                "row": p.row,
                "table": p.table or None,
                "column": p.column,
                "code": p.code,
                "message": p.message,
                "fatal": p.fatal,
                "value": p.value or None,
            }
            for p in found.problems
        ]
        flow = [{"step": s.step, "patients": s.patients} for s in found.flow]
        laboratory = [asdict(proposal) for proposal in found.proposals]
        print_json(
            {
                "usable": found.usable,
                "problems": problems,
                "flow": flow,
                "laboratory": laboratory,
            }
        )
    else:
        terminal_cohorts.show_problems(found, limit)
    if not found.usable:
        answer_is_no()


@command("predictor describe cohort.csv --by response --out tables.md")
@click.argument("cohort", type=FILE)
@click.option("--config", help="Configuration whose columns, units and rules are used.")
@click.option("--by", help="Variable or column whose states become columns of a further table.")
@click.option(
    "--tests",
    type=click.Choice(["paper", "recommended"]),
    default="paper",
    show_default=True,
    help="Tests as the paper names them, or chosen by distribution with effect sizes.",
)
@click.option(
    "--cell-size", type=click.IntRange(min=1), help="Mask counts below this; shows all by default."
)
@click.option("--out", type=FILE, help="Also write: .txt, .md, .csv, .html or .json.")
@as_format
def describe(
    cohort: Path,
    config: str | None,
    by: str | None,
    tests: str,
    cell_size: int | None,
    out: Path | None,
    output: str,
) -> None:
    """Describe a cohort as the paper does: Tables 1 to 4.

    COHORT is a CSV, Excel or Parquet file whose columns are dictionary variables, those after
    treatment with the suffix _after.
    """
    from predictor.report.description_text import description_text
    from predictor.workflow.describe import describe as run
    from predictor.workflow.describe import write_description
    from predictor.workflow.files import check_targets

    check_targets([out], read=[cohort, config])
    found = run(cohort, config=config, by=by, tests=tests, cell_size=cell_size)
    if out is not None:
        write_description(found, out)
    if output == "json":
        print_json(found.to_dict())
    else:
        terminal.say(description_text(found))


@command("predictor simulate --patients 31 --seed 1 --out cohort.csv")
@click.option("--patients", type=int, default=31, show_default=True, help="How many.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed, the same file."
)
@click.option("--out", type=FILE, required=True, help="Cohort file: .csv or .parquet.")
@click.option(
    "--scenario",
    default="literature",
    show_default=True,
    help="How the outcome depends on the baseline: none, literature, strong, or a YAML file.",
)
@as_format
def simulate(patients: int, seed: int, out: Path, scenario: str, output: str) -> None:
    """Rebuild the published cohort from the paper's tables.

    No patient in it is real. 31 patients reproduce every printed figure that can be; any other
    number is drawn from the same joint distribution.
    """
    from predictor.workflow.simulate import simulate_file

    done = simulate_file(out, patients=patients, seed=seed, scenario=scenario)
    if output == "json":
        print_json(done.to_dict())
    else:
        terminal_cohorts.show_simulation(done)


@command("predictor samplesize --prevalence 0.355 --parameters 6 --auroc 0.7")
@click.option("--prevalence", type=float, required=True, help="Share of patients with the event.")
@click.option(
    "--parameters", type=int, required=True, help="Every predictor, dummy variable and indicator."
)
@click.option("--auroc", type=float, help="Anticipated AUROC.")
@click.option("--r2", type=float, help="Anticipated Cox-Snell R-squared.")
@click.option("--nagelkerke", type=float, help="Anticipated Nagelkerke R-squared.")
@click.option("--patients", type=int, help="Patients there are, for a verdict.")
@click.option("--events", type=int, help="Events there are, for a verdict.")
@as_format
def samplesize(
    prevalence: float,
    parameters: int,
    auroc: float | None,
    r2: float | None,
    nagelkerke: float | None,
    patients: int | None,
    events: int | None,
    output: str,
) -> None:
    """Tell how many patients a model needs.

    The criteria are those of Riley et al., BMJ 2020;368:m441. Without an anticipated performance,
    15% of the largest R-squared is assumed.
    """
    from predictor.workflow.samplesize import sample_size

    if sum(given is not None for given in (auroc, r2, nagelkerke)) > 1:
        raise click.UsageError("give one of --auroc, --r2 and --nagelkerke.")
    if events is not None and patients is None:
        raise click.UsageError("--events needs --patients.")
    answer = sample_size(
        prevalence,
        parameters,
        auroc=auroc,
        r2=r2,
        nagelkerke=nagelkerke,
        patients=patients,
        events=events,
    )
    if output == "json":
        print_json(answer.to_dict())
    else:
        terminal.say(str(answer))
