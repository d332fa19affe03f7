"""Customers who were forgotten: kept as keyed hashes, so that rows a source still has of them are left out."""

import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import narwhals as nw

from hvc_ml.errors import DataError
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER

NAME: Final = "forgotten_1"
"""What the file calls its content: another format has another name."""


@dataclass(frozen=True)
class Register:
    """Who was forgotten, without an id.

    Parameters
    ----------
    key
        32 random bytes of this business: the same customer has another hash elsewhere.
    hashes
        HMAC-SHA-256 of each id under the key, in hexadecimal.

    Notes
    -----
    Who holds the file can try ids against it: it is still personal data, and as private as the lists. Without it, a
    customer whom the source still has would come back with the next list.

    Examples
    --------
    >>> register = Register(bytes(32)).with_ids(["ann"])
    >>> register.hash_of("ann") in register.hashes, register.hash_of("bob") in register.hashes
    (True, False)
    """

    key: bytes
    hashes: frozenset[str] = frozenset()

    def hash_of(self, customer: str) -> str:
        """The hash of an id, byte-exact: ``007`` is another customer than ``7``."""
        return hmac.digest(self.key, customer.encode(), "sha256").hex()

    def with_ids(self, customers: Iterable[str]) -> Self:
        """The register with further customers in it."""
        return type(self)(self.key, self.hashes | {self.hash_of(customer) for customer in customers})

    def without_ids(self, customers: Iterable[str]) -> Self:
        """The register with some customers in it no more."""
        return type(self)(self.key, self.hashes - {self.hash_of(customer) for customer in customers})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a register; an empty one with a new key where there is no file.

        Raises
        ------
        DataError
            If it cannot be read: nothing may be made of customers who were forgotten.
        """
        try:
            found = json.loads(path.read_bytes())[NAME]
            return cls(bytes.fromhex(found["key"]), frozenset(bytes.fromhex(h).hex() for h in found["hashes"]))
        except FileNotFoundError:
            return cls(secrets.token_bytes(32))
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(
                f"{path}: the register of forgotten customers is damaged. Restore it from a backup."
            ) from None

    def write(self, path: Path) -> None:
        """Write the register, whole or not at all, for its owner only."""
        said = {"key": self.key.hex(), "hashes": sorted(self.hashes)}
        write_bytes_atomic(path, (json.dumps({NAME: said}, indent=1) + "\n").encode())


def leave_out(engine: Engine, tables: Tables, register: Register) -> Tables:
    """Leave out the rows of forgotten customers; the source is not touched.

    Parameters
    ----------
    engine, tables
        As `load_tables` leaves them.
    register
        Who was forgotten.

    Returns
    -------
    Tables
        The same where nobody was forgotten, or the source has no row of them.
    """
    theirs = _known_to(engine, tables, register) if register.hashes else []
    if not theirs:
        return tables
    kept = {name: table.filter(~nw.col(CUSTOMER).is_in(theirs)) for name, table in tables.present().items()}
    return tables.exchanged({name: engine.materialise(table, name) for name, table in kept.items()})


def count_rows(engine: Engine, tables: Tables, customers: Iterable[str]) -> dict[str, int]:
    """How many rows of each table are of these customers; only tables that have any."""
    theirs = sorted(customers)
    found = {n: engine.count(t.filter(nw.col(CUSTOMER).is_in(theirs))) for n, t in tables.present().items()}
    return {name: rows for name, rows in found.items() if rows}


def everyone(engine: Engine, tables: Tables) -> list[str]:
    """Every customer that any table names, once."""
    names = nw.concat([table.select(CUSTOMER) for table in tables.present().values()]).unique()
    return sorted(name for name in engine.arrow(names)[CUSTOMER].to_pylist() if name is not None)


def _known_to(engine: Engine, tables: Tables, register: Register) -> list[str]:
    """Ids of the tables that the register holds: each is hashed, once, because no engine has a keyed hash."""
    return [name for name in everyone(engine, tables) if register.hash_of(name) in register.hashes]
