"""What a verb shows: progress on stderr, one result on stdout, as text or as JSON."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hvc_ml.errors import OutputError
from hvc_ml.progress import Stage, Stages

wants_json = False
"""Whether the verb at work was asked for JSON; the edge asks when something goes wrong."""


class Console:
    """One verb's voice.

    Parameters
    ----------
    as_json
        Results as one JSON object on stdout.
    verbose, quiet
        More on stderr, or nothing but errors.
    """

    def __init__(self, *, as_json: bool, verbose: bool, quiet: bool) -> None:
        self.as_json, self.verbose, self.quiet = as_json, verbose, quiet
        self._terminal = sys.stderr.isatty()
        self.stages = Stages(self._heard)
        self._shown = False

    def result(self, data: Mapping[str, Any], text: Callable[[], None]) -> None:
        """Show a result: ``data`` as JSON, or whatever ``text`` prints; OutputError where stdout takes no more."""
        self._clear()
        with _to_stdout():
            if self.as_json:
                sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")
            elif not self.quiet:
                text()

    @staticmethod
    def line(text: str = "") -> None:
        """One line on stdout, with markup off."""
        sys.stdout.write(printable(text) + "\n")

    @staticmethod
    def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
        """A plain table; numbers (``right``) to the right. Cells are text: nothing in them is markup."""
        from rich.console import Console as RichConsole  # noqa: PLC0415 # .1 s
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, header_style="bold")
        for i, column in enumerate(columns):
            table.add_column(column, justify="right" if i in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(str(cell))) for cell in row))
        width = None if sys.stdout.isatty() else 160
        RichConsole(width=width, markup=False, highlight=False, soft_wrap=False).print(table)

    def _heard(self, stage: Stage) -> None:
        """A stage began, went on or ended."""
        if self.quiet or not (self._terminal or self.verbose):
            return
        if stage.seconds is not None:
            rows = f"{stage.rows:>12,} rows" if stage.rows is not None else " " * 17
            self._write(f"  {stage.name:<28}{rows} {stage.seconds:8.1f} s\n")
        elif self._terminal:
            bar = "" if stage.total is None else f" {_bar(stage.done, stage.total)} {stage.done}/{stage.total}"
            self._write(f"  {stage.name:<28}{bar} {stage.note}"[:100])
            self._shown = True

    def _write(self, text: str) -> None:
        self._clear()
        sys.stderr.write(text)
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            self._shown = False


@contextlib.contextmanager
def console(*, as_json: bool, verbose: bool, quiet: bool) -> Iterator[Console]:
    """Open a verb's voice; the library's log goes to stderr."""
    global wants_json  # noqa: PLW0603 # the edge has no other way to know
    wants_json = as_json
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("hvc_ml")
    before = logger.handlers[:], logger.level, logger.propagate
    complains, logging.raiseExceptions = logging.raiseExceptions, False  # a lost line of the log is no traceback
    logger.handlers[:], logger.propagate = [handler], False
    logger.setLevel(level)
    try:
        yield Console(as_json=as_json, verbose=verbose, quiet=quiet)
    finally:  # who calls a verb from Python finds the log as it was
        logger.handlers[:], logger.propagate = before[0], before[2]
        logger.setLevel(before[1])
        logging.raiseExceptions = complains


@contextlib.contextmanager
def _to_stdout() -> Iterator[None]:
    """Write and flush; a disk that is full ends the verb in words, and nothing is tried again at the exit."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"stdout: cannot be written ({error.strerror}). Free some space and run again.") from None


def printable(text: str) -> str:
    r"""Text for a terminal: control characters are shown, not obeyed.

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _bar(done: int, total: int, width: int = 20) -> str:
    filled = width * done // max(total, 1)
    return "█" * filled + "░" * (width - filled)
