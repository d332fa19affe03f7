"""The champion: found in the registry, verified, and asked only what it was trained for."""

from dataclasses import dataclass

from hvc_ml.config import Config, Project
from hvc_ml.errors import ModelRefused
from hvc_ml.scoring.bundle import bundle_digest
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tracking.registry import champion
from hvc_ml.tracking.store import open_store


@dataclass(frozen=True)
class LoadedChampion:
    """The champion's model, its version in the registry, and the identity of its bundle."""

    model: CustomerModel
    version: str
    digest: str


def load_champion(project: Project) -> LoadedChampion:
    """Find, verify and read the champion.

    Raises
    ------
    ModelRefused
        If there is none, it is damaged, or the config now asks another question than it was trained on.
    """
    config = project.config
    found = champion(open_store(config.tracking, project.folder, config.name))
    if found is None:
        raise ModelRefused(f"{config.name}: no champion yet. Run `hvc-ml train -c {project.path}` first.")
    model = CustomerModel.load(found.folder)
    answers(model, config)
    return LoadedChampion(model, str(found.version), bundle_digest(found.folder))


def asked(config: Config) -> dict[str, object]:
    """The question a model answers: who is a customer, and what is ahead."""
    return {"labels": config.labels.model_dump(mode="json"), "population": config.population.model_dump(mode="json")}


def answers(model: CustomerModel, config: Config) -> None:
    """Refuse a model that was trained on another question than the config asks.

    Raises
    ------
    ModelRefused
        Naming the sections that changed.
    """
    changed = [name for name, now in asked(config).items() if model.info.settings.get(name) != now]
    if changed:
        raise ModelRefused(
            f"the model was trained with other settings of {' and '.join(changed)} than the config has now. "
            "Run `hvc-ml train`, or restore them."
        )
