"""One small made-up business, trained once; tests that change it work on a copy."""

import shutil

import pytest

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train

SMALL = {"cutoffs: 12": "cutoffs: 4"}


def small(folder, kind="retail", customers=1500):
    made = make(folder, kind=kind, customers=customers, seed=3, stages=Stages())
    text = made.config.read_text()
    for before, after in SMALL.items():
        assert before in text
        text = text.replace(before, after)
    made.config.write_text(text + "\nresources: {memory: 1GB}\n")
    return load_config(made.config)


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
