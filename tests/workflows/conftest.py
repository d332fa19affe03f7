"""One small made-up business, trained once; tests that change it work on a copy."""

import shutil

import pytest

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train
from workflows.shops import small


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """(project, result of train, result of score) of a shop."""
    project = small(tmp_path_factory.mktemp("shop"))
    result = train(project, promote=True, stages=Stages())
    return project, result, score(project, cutoff=None, limits=Limits(), stages=Stages())


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of the shop that a test may spoil; MLflow's paths still point to the original."""
    project = trained[0]
    shutil.copytree(project.folder, tmp_path / "shop", symlinks=True)
    return load_config(tmp_path / "shop" / "hvc.yaml")
