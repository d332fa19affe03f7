"""A fault at any write of a training leaves a model that scores, or nothing, and is healed by the next run."""

import shutil

import pytest

from faults.healing import TrainingTrouble
from faults.injected import quietly, run, train


@pytest.fixture(scope="module")
def retraining(shop, room):
    """A business with a champion, about to be trained again."""
    work, origin = room / "training", room / "training origin"
    shutil.copytree(shop.folder, work)
    train(work)
    shutil.copytree(work, origin, symlinks=True)  # MLflow's artifacts have absolute paths: those of the work
    return TrainingTrouble(["train"], origin, work).measured()


@pytest.mark.timeout(900)
def test_a_disk_that_is_full_for_mlflow_keeps_the_model_and_register_finishes(trained, room):
    folder = room / "full for MLflow"
    shutil.copytree(trained, folder, symlinks=True)
    at = ["-c", str(folder)]
    journal = str(folder / "models" / "mlflow.db-journal")
    ended, _ = run(["train", *at], "-P", journal, "-e", "inject=pwrite64:error=ENOSPC:when=500+")
    assert ended.code == 9, ended
    assert "hvc-ml models register" in ended.stderr
    pending = folder / "models" / "pending"
    assert len(list(pending.glob("*.json"))) == 1
    assert quietly(["models", "register", *at]).code == 0
    assert not list(pending.glob("*.json"))
    assert quietly(["score", *at]).code == 0


@pytest.mark.deep
@pytest.mark.timeout(14400)
def test_a_fault_at_each_file_a_training_writes_tears_nothing(retraining):
    assert [wrong for point in retraining.places() if (wrong := retraining.told(point))] == []


@pytest.mark.deep
@pytest.mark.timeout(14400)
def test_a_fault_at_each_file_of_the_first_training_tears_nothing(shop, room):
    first = TrainingTrouble(["train"], shop.folder, room / "first training").measured()
    assert [wrong for point in first.places() if (wrong := first.told(point))] == []
