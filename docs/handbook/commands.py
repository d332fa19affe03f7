"""Commands: what ``--help`` says, verb by verb, and the exit codes."""

import re
from collections.abc import Iterator
from typing import Any, Final

import typer.main
from typer.testing import CliRunner

from docs.handbook.markdown import fenced, page, plain, table
from hvc_ml.cli.app import app
from hvc_ml.errors import HvcError

WIDTH: Final = 100
"""Columns of the help texts, whatever the terminal of whoever makes the page."""

OTHERS: Final = {
    0: "done",
    1: "a bug; its report lies in a private file that the message names",
    130: "interrupted (Ctrl-C); 143 where it was asked to end. Nothing stays half written",
}
"""Exit codes that are no `HvcError`."""


def commands_page() -> str:
    """Every verb with its help text, then the exit codes."""
    said = [f"## hvc-ml {' '.join(words)}\n\n{fenced(help_of(words))}" for words in verbs()]
    intro = (
        "Every verb that reads a project takes `-c/--config` (a file, or the folder it lies in; default `hvc.yaml` "
        "here, or what `HVC_CONFIG` names), `--json` (one JSON object on standard output, and nothing else there; the "
        "rest goes to standard error), `-v` and `-q`. `hvc-ml --install-completion` teaches your shell the verbs."
    )
    codes = sorted({**OTHERS, **{e.exit_code: _first_words(e) for e in HvcError.__subclasses__()}}.items())
    told = table(("code", "what happened"), [(f"`{number}`", says) for number, says in codes])
    return page("Commands", intro, *said, "## Exit codes", told)


def verbs() -> Iterator[tuple[str, ...]]:
    """The words of every verb, in the order in which a newcomer meets them."""
    yield from _below(typer.main.get_command(app))


def help_of(words: tuple[str, ...]) -> str:
    """What ``hvc-ml WORDS --help`` prints, on a terminal of `WIDTH` columns."""
    said = CliRunner().invoke(app, [*words, "--help"], prog_name="hvc-ml", terminal_width=WIDTH)
    return re.sub(r"[ \t]+$", "", said.output, flags=re.MULTILINE)


def _below(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield words
    for name, verb in inner.items():
        yield from _below(verb, (*words, name))


def _first_words(error: type[HvcError]) -> str:
    says = plain(error.__doc__ or "").split(";")[0].rstrip(".")
    return says[0].lower() + says[1:]
