"""The command that serves: a page and addresses for programs, for one patient at a time."""

from __future__ import annotations

import os
from pathlib import Path

import click

from predictor import terminal
from predictor.command import FILE, command
from predictor.errors import MissingExtraError

_NEEDED = {"anyio", "fastapi", "h11", "starlette", "uvicorn"}


@command("predictor serve remission relapse --port 8080")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 takes any free one.",
)
@click.option(
    "--token-file",
    type=FILE,
    help="Holds the token that every request must carry; PREDICTOR_TOKEN in the environment is "
    "the other way. Needed where other machines reach the server.",
)
@click.option(
    "--body-limit",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="MB",
    help="Largest request; a FHIR record may need more.",
)
@click.option("--certificate", type=FILE, help="PEM file, to serve over TLS.")
@click.option("--key", type=FILE, help="PEM file with the key of the certificate.")
def serve(
    models: tuple[str, ...],
    host: str,
    port: int,
    token_file: Path | None,
    body_limit: int,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Serve models as a web page and as JSON, one patient at a time.

    MODEL is a bundle folder, the name of a shipped one, or models:/NAME@ALIAS of a registered one,
    which is looked up once, at the start. Nothing of a patient is kept or logged.
    """
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together.")
    try:
        from predictor.service.security import Limits
        from predictor.service.server import Address, Announcement
        from predictor.service.server import serve as run
        from predictor.service.token import read_token
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _NEEDED:
            raise
        raise MissingExtraError(
            "predictor serve",
            f"{error.name} is not installed",
            'Install the extra: python -m pip install "sle-ivig-predictor[serve]"',
        ) from None

    def announce(start: Announcement) -> None:
        terminal.note(f"Serving {', '.join(start.models)} at {start.url} (Ctrl-C ends it)")
        if not start.sealed:
            terminal.note("Without --certificate and --key the network can read what is sent.")

    token = read_token(token_file, os.environ)
    run(
        models,
        Address(host, port, certificate, key),
        token=token,
        announce=announce,
        limits=Limits(body_bytes=body_limit * 1_000_000),
    )
    terminal.note("Stopped.")
