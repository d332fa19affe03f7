"""Options that every verb shares."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="HVC_CONFIG", help="The project's hvc.yaml, or the folder it lies in."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, and nothing else there.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more, on stderr.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]

HERE = Path("hvc.yaml")


def as_date(moment: dt.datetime | None) -> dt.date | None:
    """The date a ``--cutoff`` means."""
    return None if moment is None else moment.date()
