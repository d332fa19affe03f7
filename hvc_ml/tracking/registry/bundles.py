"""The bundle of a version, brought here and checked, without running any code of the store's."""

from pathlib import Path
from typing import Any

from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.publish import MANIFEST
from hvc_ml.tracking.copies import Champion, copy_of, digest_of, last_champion, move_in, remember, workspace
from hvc_ml.tracking.logged import lent
from hvc_ml.tracking.registry.versions import CHAMPION, DIGEST, by_alias, find_version, number_of
from hvc_ml.tracking.store import Store


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
            found = by_alias(store, CHAMPION)
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
    return _fetched(store, find_version(store, version))


def _fetched(store: Store, found: Any) -> Champion:
    version, digest = number_of(found), found.tags.get(DIGEST, "")
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
