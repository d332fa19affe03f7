"""Versions of the model: registered with every training, one of them champion, every change with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hvc_ml import __version__
from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.publish import MANIFEST, write_bytes_atomic
from hvc_ml.tracking.content import refuse_ids, sections
from hvc_ml.tracking.copies import (
    Champion,
    card_of,
    copy_of,
    digest_of,
    keep_copy,
    last_champion,
    move_in,
    remember,
    workspace,
)
from hvc_ml.tracking.decisions import Decision, Reign, What, as_tag, before, from_tags, reigns
from hvc_ml.tracking.logged import Serving, lent, log_model
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
DIGEST: Final = "bundle_sha256"
MOST_NAMED: Final = 10
"""Versions that a message names."""

SAYS: Final = """Churn risk and future value of each customer, as hvc-ml trains them.

`@champion` scores: `hvc-ml score` uses it, and `mlflow models serve -m "models:/{name}@champion"` serves it.
`@challenger` is the newest version that did not become champion. Each version's description says why it did, or not;
its card is `model_card.md` among the model's artifacts. `hvc-ml models list` tells the whole story."""


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


def register(
    store: Store,
    run: Run,
    bundle: Path,
    serving: Serving,
    *,
    metrics: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    card: str = "",
) -> int:
    """Register a bundle as the next version and as challenger.

    The bundle is logged as a model from code: MLflow's tools can load and serve it, and no pickle is involved.

    Parameters
    ----------
    run
        The training that made it; an open one.
    bundle
        The bundle's folder.
    serving
        How MLflow's tools use it.
    metrics
        Headline figures, kept as tags of the version.
    tags
        Further tags of the version (grade, rung).
    card
        The model card in Markdown: kept with the model, and as ``models/cards/version_<number>.md``.

    Returns
    -------
    int
        The version's number.

    Raises
    ------
    ModelRefused
        If there is no bundle.
    ServiceError
        If the store stops answering; the bundle on disk stays, and registering can be repeated.
    OutputError
        If the bundle's or the card's copy cannot be written.
    """
    refuse_ids(serving.example, "input example")
    digest = digest_of(bundle)
    if digest is None:
        raise ModelRefused(f"{bundle}: no bundle there. Train again.")
    keep_copy(store.folder, bundle, digest)
    kept = {name: f"{value:.6g}" for name, value in sections(metrics or {}).items() if name.count("/") == 1}
    said = {**kept, **(tags or {}), DIGEST: digest, "hvc_ml": __version__}
    clean = {name: store.connection.clean(str(value)) for name, value in said.items()}
    client = store.connection.client
    with store.connection.talking("registering the model"), lent(store.uri) as mlflow:
        source, model_id = log_model(mlflow, run.id, bundle, serving, store.connection.clean(card))
        _ensure_registered_model(store)
        made = client.create_model_version(store.name, source, run.id, tags=clean, model_id=model_id)
        client.set_registered_model_alias(store.name, CHALLENGER, made.version)
    run.tags({"model_version": made.version})
    if card:
        write_bytes_atomic(card_of(store.folder, _number(made)), store.connection.clean(card).encode())
    return _number(made)


def champion(store: Store) -> Champion | None:
    """Find the champion and bring its bundle here, without running any code of the store's.

    Returns
    -------
    Champion or None
        None before the first promotion.

    Raises
    ------
    ModelRefused
        If what the registry keeps is not the bundle that was registered.
    ServiceError
        If the store does not answer, and there is no verified copy of the champion it named last.
    """
    try:
        with store.connection.talking("looking for the champion"):
            found = _by_alias(store, CHAMPION)
    except ServiceError:
        last = last_champion(store.folder)
        if last is None:
            raise
        return last
    if found is None:
        return None
    brought = _fetched(store, found)
    remember(store.folder, brought.version, found.tags[DIGEST], brought.run_id)
    return brought


def fetch(store: Store, version: int) -> Champion:
    """Bring a version's bundle here, as `champion` does.

    Raises
    ------
    ModelRefused
        If there is no such version, or it is not the bundle that was registered.
    """
    return _fetched(store, _version(store, version))


def versions(store: Store) -> list[Version]:
    """Every registered version, newest first."""
    with store.connection.talking("listing versions"):
        model = _registered_model(store)
        if model is None:
            return []
        client = store.connection.client
        found, page = [], None
        while page != "":
            listed = client.search_model_versions(f"name = '{store.name}'", max_results=500, page_token=page)
            found += listed
            page = listed.token or ""
    aliases = {n: tuple(a for a, v in sorted(model.aliases.items()) if int(v) == n) for n in map(_number, found)}
    made = [_as_version(v, aliases[_number(v)]) for v in found]
    return sorted(made, key=lambda v: -v.version)


def champions(found: Sequence[Version]) -> list[Reign]:
    """Which version was champion from when to when and why, oldest first, as `versions` tells it."""
    return reigns(_all_decisions(found), _named_champion(found))


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
    found = _version(store, version)
    with store.connection.talking("promoting a version"):
        _crown(store, found, "promoted", reason)
        challenger = _by_alias(store, CHALLENGER)
        if challenger is not None and _number(challenger) == version:
            store.connection.client.delete_registered_model_alias(store.name, CHALLENGER)


def refuse(store: Store, version: int, reason: str) -> None:
    """Keep with a version why it was not promoted; it stays challenger.

    Raises
    ------
    ModelRefused
        If there is no such version.
    """
    found = _version(store, version)
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
    version = before(_all_decisions(found), _named_champion(found))
    if version is None:
        now = _named_champion(found)
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
    found = _version(store, previous(store))
    with store.connection.talking("rolling back"):
        _crown(store, found, "rolled back to", reason)
    return _number(found)


def _all_decisions(found: Sequence[Version]) -> list[Decision]:
    return [d for v in found for d in v.decisions]


def _named_champion(found: Sequence[Version]) -> int | None:
    return next((v.version for v in found if CHAMPION in v.aliases), None)


def _ensure_registered_model(store: Store) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    if _registered_model(store) is None:
        try:
            store.connection.client.create_registered_model(store.name, description=SAYS.format(name=store.name))
        except MlflowException as error:  # another process made it in the same instant
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _registered_model(store: Store) -> Any:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    try:
        return store.connection.client.get_registered_model(store.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    return None


def _by_alias(store: Store, alias: str) -> Any:
    model = _registered_model(store)
    number = None if model is None else model.aliases.get(alias)
    return None if number is None else store.connection.client.get_model_version(store.name, str(number))


def _version(store: Store, version: int) -> Any:
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


def _number(found: Any) -> int:
    return int(found.version)


def _as_version(found: Any, aliases: tuple[str, ...]) -> Version:
    created, tags = datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC), dict(found.tags)
    decisions = from_tags(_number(found), tags, created)
    return Version(_number(found), aliases, found.run_id or "", created, tags, decisions)


def _crown(store: Store, found: Any, what: What, reason: str) -> None:
    """Move the alias; the decision is written first, so that no champion is without its reason."""
    now, number = _by_alias(store, CHAMPION), _number(found)
    _decide(store, found, Decision(number, what, datetime.now(tz=UTC), reason, None if now is None else _number(now)))
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


def _fetched(store: Store, found: Any) -> Champion:
    version, digest = _number(found), found.tags.get(DIGEST, "")
    if not digest.isalnum():
        raise ModelRefused(f"{store.name} version {version}: was not registered by hvc-ml. Promote another version.")
    copy = copy_of(store.folder, digest)
    if digest_of(copy) != digest:
        _download(store, version, copy, digest)
    return Champion(version, copy, found.run_id or "")


def _download(store: Store, version: int, copy: Path, digest: str) -> None:
    with workspace(copy.parent) as place:
        with store.connection.talking("downloading a bundle"), lent(store.uri) as mlflow:
            mlflow.artifacts.download_artifacts(f"models:/{store.name}/{version}/artifacts/bundle", dst_path=str(place))
        came = next((m.parent for m in sorted(place.rglob(MANIFEST))), place)
        if digest_of(came) != digest:
            raise ModelRefused(f"{store.name} version {version}: the store keeps another bundle than was registered.")
        move_in(came, copy)
