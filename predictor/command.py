"""What the commands of the command line share: the group, options, printing."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn

import click

import predictor
from predictor import terminal

FILE = click.Path(path_type=Path)
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

as_format = click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is printed.",
)

decimal_sign = click.option(
    "--decimal",
    type=click.Choice([".", ","]),
    default=".",
    show_default=True,
    help="Decimal sign of a CSV file.",
)


@click.group(
    context_settings=SETTINGS,
    no_args_is_help=True,
    epilog="Every command has --help with an example.",
)
@click.version_option(predictor.__version__, prog_name="predictor", message="%(prog)s %(version)s")
def app() -> None:
    """Predict remission and relapse of SLE after IVIG, with honest numbers from small cohorts."""


def command(
    example: str, cls: type[click.Command] = click.Command
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function a command whose help ends with an example."""
    return app.command(cls=cls, epilog=f"\b\nExample:\n  {example}", context_settings=SETTINGS)


def print_json(data: Any) -> None:
    """Print a result as JSON, on stdout and nothing else there."""
    # Escapes where the stream knows fewer signs than JSON may hold.
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    terminal.say(json.dumps(data, indent=1, ensure_ascii=plain, allow_nan=False))


def print_json_file(content: IO[bytes]) -> None:
    """Print a result that is JSON already, piece by piece."""
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    content.seek(0)
    for line in content:
        text = line.decode().rstrip("\n")
        if plain and not text.isascii():
            # Signs beyond ASCII stand inside texts alone, so each can be escaped by itself.
            text = "".join(sign if sign.isascii() else json.dumps(sign)[1:-1] for sign in text)
        terminal.say(text)


class Terminated(KeyboardInterrupt):
    """The system asks to end, which must end the workers as Ctrl-C does."""


def end_when_asked() -> None:
    """Answer the system's wish that this process ends by ending all of its workers first."""
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(*_: object) -> NoReturn:
    raise Terminated


def answer_is_no() -> NoReturn:
    """End with exit code 1."""
    terminal.flush()
    raise click.exceptions.Exit(1)
