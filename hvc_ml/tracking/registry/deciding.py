"""Which version scores: promoted, refused, rolled back to, and every decision kept with its reason."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hvc_ml.errors import ModelRefused
from hvc_ml.tracking.copies import remember
from hvc_ml.tracking.decisions import Decision, What, as_tag, before
from hvc_ml.tracking.registry.versions import (
    CHALLENGER,
    CHAMPION,
    DIGEST,
    all_decisions,
    by_alias,
    find_version,
    named_champion,
    number_of,
    versions,
)
from hvc_ml.tracking.store import Store


def promote(store: Store, version: int, reason: str) -> None:
    """Make a version champion.

    Parameters
    ----------
    reason
        Why, in words; kept with the version.

    Raises
    ------
    ModelRefused
        If there is no such version.
    """
    found = find_version(store, version)
    with store.connection.talking("promoting a version"):
        _crown(store, found, "promoted", reason)
        challenger = by_alias(store, CHALLENGER)
        if challenger is not None and number_of(challenger) == version:
            store.connection.client.delete_registered_model_alias(store.name, CHALLENGER)


def refuse(store: Store, version: int, reason: str) -> None:
    """Keep with a version why it was not promoted; it stays challenger.

    Raises
    ------
    ModelRefused
        If there is no such version.
    """
    found = find_version(store, version)
    with store.connection.talking("recording a decision"):
        _decide(store, found, Decision(version, "refused", datetime.now(tz=UTC), reason))


def previous(store: Store) -> int:
    """The version that `rollback` goes back to.

    Raises
    ------
    ModelRefused
        If there was no champion before this one.
    """
    found = versions(store)
    version = before(all_decisions(found), named_champion(found))
    if version is None:
        now = named_champion(found)
        who = "there is none yet" if now is None else f"version {now} was the first"
        raise ModelRefused(f"{store.name}: no earlier champion to go back to ({who}). See `hvc-ml models list`.")
    return version


def rollback(store: Store, reason: str = "rolled back by hand") -> int:
    """Make the champion before this one champion again.

    Returns
    -------
    int
        The version that is champion now.

    Raises
    ------
    ModelRefused
        If there was none before.
    """
    found = find_version(store, previous(store))
    with store.connection.talking("rolling back"):
        _crown(store, found, "rolled back to", reason)
    return number_of(found)


def _crown(store: Store, found: Any, what: What, reason: str) -> None:
    """Move the alias; the decision is written first, so that no champion is without its reason."""
    now, number = by_alias(store, CHAMPION), number_of(found)
    _decide(store, found, Decision(number, what, datetime.now(tz=UTC), reason, None if now is None else number_of(now)))
    store.connection.client.set_registered_model_alias(store.name, CHAMPION, found.version)
    if digest := found.tags.get(DIGEST):
        remember(store.folder, number, digest, found.run_id or "")


def _decide(store: Store, found: Any, decision: Decision) -> None:
    """Add a decision to those of its version; the last one also stands where MLflow's page shows it."""
    client, clean = store.connection.client, store.connection.clean(decision.reason)
    key, value = as_tag(replace(decision, reason=clean))
    shown = {key: value, "reason": clean, "promoted": str(decision.crowned).lower()}
    for name, text in shown.items():
        client.set_model_version_tag(store.name, found.version, name, text)
    client.update_model_version(store.name, found.version, clean)
