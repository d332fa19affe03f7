"""A model that MLflow could not take is kept, and registered with the decision made then."""

import json
import shutil

import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.progress import Stages
from hvc_ml.tracking import registry
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows import train as workflow
from hvc_ml.workflows.models import list_models
from hvc_ml.workflows.pending import register_pending
from hvc_ml.workflows.train import train
from workflows.shops import small


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A business whose first training ended when MLflow had fallen silent."""
    project = small(tmp_path_factory.mktemp("kept"), customers=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workflow, "register", _silent)
        with pytest.raises(ServiceError, match="hvc-ml models register"):
            train(project, promote=True, stages=Stages())
    return project


def _silent(*_, **__):
    raise ServiceError("registering the model: no answer within 10 s.")


@pytest.fixture
def project(kept, tmp_path):
    """A copy; its store is the copy's own."""
    shutil.copytree(kept.folder, tmp_path / "shop", symlinks=True)
    return load_config(tmp_path / "shop" / "hvc.yaml")


def test_nothing_is_registered_and_the_model_is_kept_whole(project):
    assert not list_models(project, stages=Stages()).versions
    (path,) = (project.models / "pending").glob("*.json")
    said = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert (project.models / "bundles" / said["digest"][:16] / "MANIFEST.json").is_file()


def test_it_becomes_a_version_with_the_decision_made_then_and_is_kept_no_longer(project):
    (found,) = register_pending(project, stages=Stages())
    listed = list_models(project, stages=Stages())
    assert listed.champion == (found.version if found.promoted else None)
    assert "Registered later" in listed.versions[0].reason
    assert listed.versions[0].tags["grade"] in "ABCD"
    assert register_pending(project, stages=Stages()) == ()


def test_a_version_made_before_the_silence_is_not_made_twice(project):
    (path,) = (project.models / "pending").glob("*.json")
    content = path.read_bytes()
    (first,) = register_pending(project, stages=Stages())
    path.write_bytes(content)
    (again,) = register_pending(project, stages=Stages())
    assert again.version == first.version


def test_another_champion_since_is_not_overthrown(project):
    (path,) = (project.models / "pending").glob("*.json")
    said = json.loads(path.read_text()) | {"champion": "0" * 64, "promoted": True}
    path.write_text(json.dumps(said))
    (found,) = register_pending(project, stages=Stages())
    assert not found.promoted
    assert "the champion is another now" in found.reason


def test_while_mlflow_is_silent_everything_stays_kept(project, monkeypatch):
    from hvc_ml.workflows import pending  # noqa: PLC0415

    monkeypatch.setattr(pending, "register", _silent)
    with pytest.raises(ServiceError):
        register_pending(project, stages=Stages())
    assert list((project.models / "pending").glob("*.json"))


def test_a_damaged_note_is_refused(project):
    (path,) = (project.models / "pending").glob("*.json")
    path.write_text("{}")
    with pytest.raises(ModelRefused, match="train again"):
        register_pending(project, stages=Stages())


def test_the_registry_is_left_as_it_was(project):
    store = open_store(project.config.tracking, project.folder, project.config.name)
    assert registry.champion(store) is None
