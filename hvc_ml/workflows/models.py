"""The registry: which versions there are, which one scores, why; and moving the alias by hand."""

from dataclasses import dataclass
from typing import Any, Final

from hvc_ml.config import Project
from hvc_ml.errors import ModelRefused
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tracking import registry
from hvc_ml.tracking.decisions import Decision, Reign
from hvc_ml.tracking.registry import CHAMPION, Version
from hvc_ml.tracking.store import Store, open_store
from hvc_ml.workflows.champions import answers

HEADLINE: Final = ("churn_auc", "value_gini", "value_captured_20")


@dataclass(frozen=True)
class ModelsResult:
    """Every version, newest first, and every champion, oldest first."""

    name: str
    versions: tuple[Version, ...]
    champions: tuple[Reign, ...]

    @property
    def champion(self) -> int | None:
        """The version that scores."""
        return next((v.version for v in self.versions if CHAMPION in v.aliases), None)

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "name": self.name,
            "champion": self.champion,
            "versions": [_version(v) for v in self.versions],
            "champions": [reign.as_json() for reign in self.champions],
        }


@dataclass(frozen=True)
class Moved:
    """What became of the champion's alias: the version it names now, the one it named before, and why."""

    version: int
    before: int | None
    reason: str

    @property
    def changed(self) -> bool:
        """Whether the alias moved."""
        return self.version != self.before

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {**vars(self), "changed": self.changed}


def list_models(project: Project, *, stages: Stages) -> ModelsResult:
    """Every registered version with the decisions on it.

    Raises
    ------
    ServiceError
        If MLflow cannot be reached.
    """
    store = _opened(project, stages)
    found = registry.versions(store)
    return ModelsResult(store.name, tuple(found), tuple(registry.champions(found)))


def promote(project: Project, version: int, *, reason: str, stages: Stages) -> Moved:
    """Make a version champion by hand, if it loads and answers what the config asks.

    Raises
    ------
    ModelRefused
        If there is no such version, its bundle is damaged, or it was trained on another question; the alias has not
        moved then.
    """
    with RunLock(project.state / "run.lock"):
        store = _opened(project, stages)
        champion = _champion(store)
        if champion == version:
            return Moved(version, champion, f"version {version} is the champion already")
        _usable(project, store, version, stages)
        said = _by_hand(reason)
        registry.promote(store, version, said)
    return Moved(version, champion, said)


def rollback(project: Project, *, reason: str, stages: Stages) -> Moved:
    """Make the champion before this one champion again, if it still loads and answers what the config asks.

    Raises
    ------
    ModelRefused
        If there was none before, or it cannot be used; the alias has not moved then.
    """
    with RunLock(project.state / "run.lock"):
        store = _opened(project, stages)
        champion, version = _champion(store), registry.previous(store)
        _usable(project, store, version, stages)
        said = _by_hand(reason)
        registry.rollback(store, said)
    return Moved(version, champion, said)


def shown_metrics(version: Version) -> dict[str, float | None]:
    """The headline figures that a version was registered with; None where it has none.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> made = Version(1, (), "", datetime(2026, 1, 1, tzinfo=UTC), {"churn/auc": "0.8125"})
    >>> shown_metrics(made)
    {'churn_auc': 0.8125, 'value_gini': None, 'value_captured_20': None}
    """
    found = {name: version.tags.get(name.replace("_", "/", 1)) for name in HEADLINE}
    return {name: None if text is None else float(text) for name, text in found.items()}


def last_decision(version: Version) -> Decision | None:
    """The decision that holds; None where there was none yet."""
    return version.decisions[-1] if version.decisions else None


def _opened(project: Project, stages: Stages) -> Store:
    with stages.stage("open the registry"):
        return open_store(project.config.tracking, project.folder, project.config.name)


def _champion(store: Store) -> int | None:
    return next((v.version for v in registry.versions(store) if CHAMPION in v.aliases), None)


def _usable(project: Project, store: Store, version: int, stages: Stages) -> None:
    """Refuse a version that could not score: the next list would fail, and the old champion is still there."""
    with stages.stage("verify the version"):
        try:
            answers(CustomerModel.load(registry.fetch(store, version).folder), project.config)
        except ModelRefused as error:
            raise ModelRefused(f"version {version} was not made champion: {error}") from error


def _by_hand(reason: str) -> str:
    return f"by hand: {' '.join(reason.split()) or 'no reason given'}"


def _version(version: Version) -> dict[str, Any]:
    last = last_decision(version)
    return {
        "version": version.version,
        "aliases": list(version.aliases),
        "trained_at": version.created.isoformat(),
        "run_id": version.run_id,
        "grade": version.tags.get("grade"),
        "rung": version.tags.get("rung"),
        "metrics": shown_metrics(version),
        "promoted": None if last is None else last.crowned,
        "reason": version.reason,
        "decided_at": None if last is None else last.when.isoformat(),
        "decisions": [decision.as_json() for decision in version.decisions],
    }
