"""The command that decides which of the registered models is used."""

from __future__ import annotations

import click

from predictor import terminal
from predictor.command import answer_is_no, as_format, command, print_json


@command("predictor promote runs/second --name remission")
@click.argument("challenger", metavar="RUN_OR_BUNDLE")
@click.option("--name", required=True, help="Name in the model registry.")
@click.option("--alias", default="champion", show_default=True, help="What it is to become.")
@click.option("--uri", help="MLflow store; by default MLFLOW_TRACKING_URI, else mlflow.db here.")
@click.option(
    "--force", metavar="REASON", help="Move the alias whatever the rule says; the reason is kept."
)
@as_format
def promote(
    challenger: str, name: str, alias: str, uri: str | None, force: str | None, output: str
) -> None:
    """Make a model the champion if it is the better one.

    RUN_OR_BUNDLE is a bundle folder, the id of an MLflow run, or models:/NAME/VERSION. Better means
    a smaller cross-validated log loss on the same patients, by more than the standard error of the
    difference. Exits with 1 if it is not.
    """
    from predictor.workflow.promote import promote as run

    done = run(challenger, name, alias=alias, uri=uri, force=force)
    if output == "json":
        print_json(done.to_dict())
    else:
        terminal.say(f"Version {done.version} of {done.name}")
        for reason in done.reasons:
            terminal.say_wrapped(reason)
    if not done.promoted:
        answer_is_no()
