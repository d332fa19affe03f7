"""The versions that are registered, and how one of them is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hvc_ml.errors import ModelRefused
from hvc_ml.tracking.decisions import Decision, Reign, from_tags, reigns
from hvc_ml.tracking.store import Store

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
DIGEST: Final = "bundle_sha256"
MOST_NAMED: Final = 10
"""Versions that a message names."""


@dataclass(frozen=True)
class Version:
    """One registered version, its aliases, figures (in ``tags``) and the decisions on it, oldest first."""

    version: int
    aliases: tuple[str, ...]
    run_id: str
    created: datetime
    tags: dict[str, str]
    decisions: tuple[Decision, ...] = ()

    @property
    def reason(self) -> str:
        """Of the last decision on it."""
        return self.decisions[-1].reason if self.decisions else ""


def versions(store: Store) -> list[Version]:
    """Every registered version, newest first."""
    with store.connection.talking("listing versions"):
        model = registered_model(store)
        if model is None:
            return []
        client = store.connection.client
        found, page = [], None
        while page != "":
            listed = client.search_model_versions(f"name = '{store.name}'", max_results=500, page_token=page)
            found += listed
            page = listed.token or ""
    aliases = {n: tuple(a for a, v in sorted(model.aliases.items()) if int(v) == n) for n in map(number_of, found)}
    made = [_as_version(v, aliases[number_of(v)]) for v in found]
    return sorted(made, key=lambda v: -v.version)


def champions(found: Sequence[Version]) -> list[Reign]:
    """Which version was champion from when to when and why, oldest first, as `versions` tells it."""
    return reigns(all_decisions(found), named_champion(found))


def all_decisions(found: Sequence[Version]) -> list[Decision]:
    """Every decision on these versions."""
    return [d for v in found for d in v.decisions]


def named_champion(found: Sequence[Version]) -> int | None:
    """The version that is champion among these."""
    return next((v.version for v in found if CHAMPION in v.aliases), None)


def registered_model(store: Store) -> Any:
    """MLflow's registered model; None before the first version."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    try:
        return store.connection.client.get_registered_model(store.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    return None


def by_alias(store: Store, alias: str) -> Any:
    """MLflow's version under an alias; None where it names none."""
    model = registered_model(store)
    number = None if model is None else model.aliases.get(alias)
    return None if number is None else store.connection.client.get_model_version(store.name, str(number))


def find_version(store: Store, version: int) -> Any:
    """MLflow's version of a number.

    Raises
    ------
    ModelRefused
        If there is no such version.
    """
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    with store.connection.talking("looking for a version"):
        try:
            return store.connection.client.get_model_version(store.name, str(version))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
    there = [v.version for v in versions(store)]
    named = ", ".join(map(str, there[:MOST_NAMED])) + (", ..." if len(there) > MOST_NAMED else "")
    choice = f"Registered: {named}." if there else "None is registered yet: run `hvc-ml train`."
    raise ModelRefused(f"{store.name}: there is no version {version}. {choice}")


def number_of(found: Any) -> int:
    """The number of MLflow's version."""
    return int(found.version)


def _as_version(found: Any, aliases: tuple[str, ...]) -> Version:
    created, tags = datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC), dict(found.tags)
    decisions = from_tags(number_of(found), tags, created)
    return Version(number_of(found), aliases, found.run_id or "", created, tags, decisions)
