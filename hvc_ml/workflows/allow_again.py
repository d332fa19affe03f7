"""The way back for a customer who was forgotten, buys again and agrees: later runs take them in once more."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hvc_ml import __version__
from hvc_ml.config import Project
from hvc_ml.errors import UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, write_bytes_atomic
from hvc_ml.tables.forgotten import Register
from hvc_ml.workflows.contact_rules import objections
from hvc_ml.workflows.forget_files import Ids
from hvc_ml.workflows.pseudonyms import names_of

FORMAT: Final = 1


@dataclass(frozen=True)
class AllowResult:
    """Who is taken in again.

    Parameters
    ----------
    customers
        How many were asked for.
    allowed
        How many of them had been forgotten, and are so no more.
    objecting
        How many of them ``list.suppress`` still names: they come into no list.
    receipt
        Where this is written down.
    """

    customers: int
    allowed: int
    objecting: int
    receipt: Path

    def as_json(self) -> dict[str, Any]:
        """The result as plain values; no id is among them."""
        return {**vars(self), "receipt": str(self.receipt)}


def allow_again(project: Project, ids: Ids, *, stages: Stages) -> AllowResult:
    """Take customers out of the register of those who were forgotten, and write a receipt.

    Nothing that was removed comes back. The next run takes in what the source has of them by then, old rows as well.

    Parameters
    ----------
    ids
        As the source writes them, byte-exact, or pseudonyms.

    Raises
    ------
    UsageError
        If none of them was forgotten here.
    DataError
        If the register is damaged.
    LockHeld
        If another run is at work.
    """
    known = frozenset(map(names_of(project), ids))
    with RunLock(project.state / "run.lock"), stages.stage("take them in again"):
        before = Register.read(project.register)
        after = before.without_ids(known)
        if after == before:
            raise UsageError(f"none of {len(known):,} customers was forgotten here; ids are compared byte for byte.")
        result = AllowResult(
            customers=len(ids),
            allowed=len(before.hashes) - len(after.hashes),
            objecting=len(known & objections(project)),
            receipt=project.forgotten / f"allowed_again_{dt.datetime.now(tz=dt.UTC):%Y%m%dT%H%M%S_%fZ}.json",
        )
        _write(result)  # first: nobody is taken in without one
        after.write(project.register)
    return result


def _write(result: AllowResult) -> None:
    when = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
    said = {name: value for name, value in vars(result).items() if name != "receipt"}
    document = {"format": FORMAT, "allowed_again_at": when, "hvc_ml": __version__, **said}
    write_bytes_atomic(result.receipt, f"{json.dumps(document, indent=2, sort_keys=True)}\n".encode())
