"""Versions of the model: registered with every training, one of them champion, every change with its reason."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hvc_ml import __version__
from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.publish import MANIFEST
from hvc_ml.tracking.content import refuse_ids, sections
from hvc_ml.tracking.copies import (
    Champion,
    copy_of,
    digest_of,
    keep_copy,
    last_champion,
    move_in,
    remember,
    workspace,
)
from hvc_ml.tracking.logged import Serving, lent, log_model
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
DIGEST: Final = "bundle_sha256"
HISTORY: Final = "champions"
"""The registered model's tag that lists its champions, oldest first."""


@dataclass(frozen=True)
class Version:
    """One registered version, its aliases, figures (in ``tags``) and the reason of the last decision on it."""

    version: int
    aliases: tuple[str, ...]
    run_id: str
    created: datetime
    reason: str
    tags: dict[str, str]


def register(
    store: Store,
    run: Run,
    bundle: Path,
    serving: Serving,
    *,
    metrics: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
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
        source, model_id = log_model(mlflow, run.id, bundle, serving)
        _ensure_registered_model(store)
        made = client.create_model_version(store.name, source, run.id, tags=clean, model_id=model_id)
        client.set_registered_model_alias(store.name, CHALLENGER, made.version)
    return int(made.version)


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
        _crown(store, found, [*(v for v in _history(store) if v != version), version], reason)
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
        _decided(store, found, reason, promoted=False)


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
    with store.connection.talking("rolling back"):
        history = _history(store)
    if len(history) < 2:
        raise ModelRefused(f"{store.name}: no earlier champion to go back to ({len(history)} so far).")
    left, version = history[-1], history[-2]
    found = _version(store, version)
    with store.connection.talking("rolling back"):
        _crown(store, found, history[:-1], f"{reason} (from version {left})")
    return version


def _ensure_registered_model(store: Store) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    if _registered_model(store) is None:
        try:
            store.connection.client.create_registered_model(store.name)
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
    raise ModelRefused(f"{store.name}: there is no version {version}. See `hvc-ml models list`.")


def _number(found: Any) -> int:
    return int(found.version)


def _as_version(found: Any, aliases: tuple[str, ...]) -> Version:
    created = datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC)
    reason = found.tags.get("reason", "")
    return Version(_number(found), aliases, found.run_id or "", created, reason, dict(found.tags))


def _history(store: Store) -> list[int]:
    model = _registered_model(store)
    if model is None:
        return []
    with suppress(ValueError):
        return [int(v) for v in json.loads(model.tags.get(HISTORY, "[]"))]
    return []


def _crown(store: Store, found: Any, history: Sequence[int], reason: str) -> None:
    client = store.connection.client
    client.set_registered_model_alias(store.name, CHAMPION, found.version)
    client.set_registered_model_tag(store.name, HISTORY, json.dumps(list(history)))
    _decided(store, found, reason, promoted=True)
    if digest := found.tags.get(DIGEST):
        remember(store.folder, _number(found), digest, found.run_id or "")


def _decided(store: Store, found: Any, reason: str, *, promoted: bool) -> None:
    client, clean = store.connection.client, store.connection.clean(reason)
    for name, value in {"reason": clean, "promoted": str(promoted).lower()}.items():
        client.set_model_version_tag(store.name, found.version, name, value)
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
