"""Look at a user's own files and write a commented hvc.yaml for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hvc_ml.config import load_config
from hvc_ml.errors import UsageError
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.tables.propose import propose
from hvc_ml.tables.render import render


@dataclass(frozen=True)
class InitResult:
    """What was written, and why so."""

    path: Path
    says: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {"config": str(self.path), "choices": list(self.says)}


def init(folder: Path, *, orders: Path, customers: Path | None, events: Path | None, force: bool) -> InitResult:
    """Propose a mapping for the files and write it to ``folder/hvc.yaml``.

    Raises
    ------
    UsageError
        If an ``hvc.yaml`` is there already and ``force`` is not asked for.
    DataError
        If a file cannot be read as a table.
    """
    path = folder / "hvc.yaml"
    if path.exists() and not force:
        raise UsageError(f"{path}: is there already; --force replaces it, and nothing was changed.")
    proposal = propose(orders, customers, events)
    name = "".join(c if c.isalnum() else "-" for c in orders.name.split(".")[0]).strip("-") or "shop"
    text = render(proposal, name=name, base=folder)
    write_bytes_atomic(path, text.encode())
    load_config(path)  # what was proposed must be obeyed
    return InitResult(path, proposal.says)
