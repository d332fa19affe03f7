"""A trained model that could not be registered: kept whole, and registered when the tracking store answers again."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from hvc_ml.config import Project
from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.evaluation.gate import Decision
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, remove_file, write_bytes_atomic
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.scoring.serving import serving
from hvc_ml.tracking.copies import copy_of, digest_of, keep_copy
from hvc_ml.tracking.registry import champion, promote, refuse, register, versions
from hvc_ml.tracking.store import Store, open_store
from hvc_ml.workflows.champions import answers

FOLDER: Final = "pending"


@dataclass(frozen=True)
class Pending:
    """What registering needs beside the bundle: JSON values, no row and no id.

    Parameters
    ----------
    digest
        Of the bundle, which lies in ``models/bundles``.
    champion
        Digest of the champion that the model was held against; None where there was none.
    promoted, reason
        The decision.
    metrics, tags, card
        Kept with the version.
    run_tags, description
        Kept with its run.
    """

    digest: str
    champion: str | None
    promoted: bool
    reason: str
    metrics: dict[str, Any]
    tags: dict[str, str]
    card: str
    run_tags: dict[str, Any]
    description: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `keep` wrote; ModelRefused if it is something else."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            raise ModelRefused(f"{path}: cannot be read. Remove it, and train again.") from None


@dataclass(frozen=True)
class Registered:
    """A version that was registered later."""

    version: int
    promoted: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return asdict(self)


def keep(
    store: Store,
    bundle: Path,
    decision: Decision,
    *,
    metrics: Mapping[str, Any],
    tags: Mapping[str, str],
    card: str,
    run_tags: Mapping[str, Any],
    description: str,
) -> Path:
    """Keep a bundle and what is said of it, until `register_pending` is called.

    Returns
    -------
    Path
        ``models/pending/<digest>.json``.
    """
    digest = digest_of(bundle)
    if digest is None:
        raise ModelRefused(f"{bundle}: no bundle there. Train again.")
    keep_copy(store.folder, bundle, digest)
    said = Pending(
        digest=digest,
        champion=_champion_digest(store),
        promoted=decision.promoted,
        reason=decision.reason,
        metrics=dict(metrics),
        tags=dict(tags),
        card=card,
        run_tags=dict(run_tags),
        description=description,
    )
    path = store.folder / FOLDER / f"{digest[:16]}.json"
    write_bytes_atomic(path, f"{json.dumps(asdict(said), indent=1, sort_keys=True, default=str)}\n".encode())
    return path


def register_pending(project: Project, *, stages: Stages) -> tuple[Registered, ...]:
    """Register every model that is kept, oldest first; what was registered is kept no longer.

    A model that earned promotion gets it only if the champion is still the one it was held against.

    Raises
    ------
    ServiceError
        If MLflow still does not answer; everything stays kept.
    ModelRefused
        If what is kept is damaged, or was trained on another question than the config asks now.
    """
    with RunLock(project.state / "run.lock"):
        with stages.stage("open the registry"):
            store = open_store(project.config.tracking, project.folder, project.config.name)
        found = sorted((store.folder / FOLDER).glob("*.json"), key=lambda p: (p.stat().st_mtime_ns, p.name))
        done = []
        with stages.stage("register") as stage:
            for i, path in enumerate(found):
                stage.step(i, len(found), path.stem)
                done.append(_registered(project, store, Pending.read(path)))
                remove_file(path)
        return tuple(done)


def _registered(project: Project, store: Store, said: Pending) -> Registered:
    bundle = copy_of(store.folder, said.digest)
    answers(CustomerModel.load(bundle), project.config)
    version = _known(store, said.digest) or _new_version(store, said, bundle)
    same = _champion_digest(store) == said.champion
    reason = said.reason if same or not said.promoted else f"{said.reason} Not promoted: the champion is another now."
    reason = f"{reason} Registered later: MLflow did not answer when it was trained."
    promoted = said.promoted and same
    (promote if promoted else refuse)(store, version, reason)
    return Registered(version, promoted, reason)


def _new_version(store: Store, said: Pending, bundle: Path) -> int:
    tags = {**said.run_tags, "bundle_sha256": said.digest}
    with store.training_run("registered later", params={}, tags=tags, description=said.description) as run:
        run.metrics(said.metrics)
        return register(store, run, bundle, serving(bundle), metrics=said.metrics, tags=said.tags, card=said.card)


def _known(store: Store, digest: str) -> int | None:
    """The version of a bundle that was registered before the store fell silent."""
    return next((v.version for v in versions(store) if v.tags.get("bundle_sha256") == digest), None)


def _champion_digest(store: Store) -> str | None:
    """Of the champion as far as it is known here; None where there is none, or none was ever asked for."""
    found = None
    with suppress(ServiceError):
        found = champion(store)
    return None if found is None else digest_of(found.folder)
