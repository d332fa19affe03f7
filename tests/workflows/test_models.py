"""The registry by hand: what is told, what moves, and what leaves the alias alone."""

import json
import shutil

import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import LockHeld, ModelRefused
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.tracking.copies import copy_of
from hvc_ml.tracking.registry import champion
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.models import list_models, promote, rollback

KEPT = ("bundle_sha256", "hvc_ml", "grade", "rung", "churn/auc", "value/gini", "value/captured_20")


def store_of(project):
    return open_store(project.config.tracking, project.folder, project.config.name)


def again(project):
    """Register the champion's bundle as the next version, without decisions and without training."""
    store = store_of(project)
    client = store.connection.client
    first = client.get_model_version(store.name, "1")
    tags = {name: first.tags[name] for name in KEPT}
    return int(client.create_model_version(store.name, (store.folder / "artifacts").as_uri(), tags=tags).version)


def listed(project):
    return list_models(project, stages=Stages())


def test_the_list_tells_what_training_decided(trained):
    project, result, _ = trained
    found = listed(project).as_json()
    json.dumps(found, allow_nan=False)
    (version,) = found["versions"]
    assert (found["champion"], version["version"], version["aliases"]) == (1, 1, ["champion"])
    assert (version["grade"], version["rung"]) == (result.grade.letter, result.rung)
    assert version["metrics"]["churn_auc"] == pytest.approx(result.metrics["churn_auc"], rel=1e-4)
    assert (version["promoted"], version["reason"]) == (True, result.promotion_reason)
    assert [d["what"] for d in version["decisions"]] == ["promoted"]
    assert version["trained_at"] <= version["decided_at"]
    (reign,) = found["champions"]
    assert (reign["version"], reign["since"], reign["until"]) == (1, version["decided_at"], None)


def test_a_version_is_promoted_by_hand_and_rolled_back_with_every_step_kept(copied):
    assert again(copied) == 2
    moved = promote(copied, 2, reason="  agreed\non Monday ", stages=Stages())
    assert moved.as_json() == {"version": 2, "before": 1, "reason": "by hand: agreed on Monday", "changed": True}
    assert champion(store_of(copied)).version == 2
    assert listed(copied).champion == 2
    back = rollback(copied, reason="", stages=Stages())
    assert (back.version, back.before, back.reason) == (1, 2, "by hand: no reason given")
    found = listed(copied).as_json()
    assert [v["version"] for v in found["versions"]] == [2, 1]
    assert [d["what"] for d in found["versions"][1]["decisions"]] == ["promoted", "rolled back to"]
    assert found["versions"][1]["decisions"][1]["left"] == 2
    assert [r["version"] for r in found["champions"]] == [1, 2, 1]
    with pytest.raises(ModelRefused, match="no earlier champion"):
        rollback(copied, reason="", stages=Stages())


def test_promoting_the_champion_changes_nothing(copied):
    before = listed(copied)
    moved = promote(copied, 1, reason="again", stages=Stages())
    assert not moved.changed
    assert moved.reason == "version 1 is the champion already"
    assert listed(copied) == before


def test_a_version_that_is_not_there_leaves_the_alias(copied):
    before = listed(copied)
    with pytest.raises(ModelRefused, match=r"version 9 was not made champion: .*Registered: 1\."):
        promote(copied, 9, reason="", stages=Stages())
    assert listed(copied) == before


def test_a_version_of_another_question_leaves_the_alias(copied):
    again(copied)
    text = copied.path.read_text()
    copied.path.write_text(text.replace("horizon: 90", "horizon: 60"))
    other = load_config(copied.path)
    assert other.config.labels.horizon == 60
    before = listed(copied)
    with pytest.raises(ModelRefused, match="not made champion: the model was trained with other settings of labels"):
        promote(other, 2, reason="", stages=Stages())
    assert listed(copied) == before
    copied.path.write_text(text)


def test_a_damaged_version_leaves_the_alias_for_promotion_and_for_rollback(copied):
    again(copied)
    promote(copied, 2, reason="", stages=Stages())
    before = listed(copied)
    kept = copy_of(store_of(copied).folder, before.versions[0].tags["bundle_sha256"])
    files = [f for f in kept.rglob("*") if f.is_file() and f.name != "MANIFEST.json"]
    files[0].chmod(0o600)
    files[0].write_bytes(b"{}")
    for act in (
        lambda: promote(copied, 1, reason="", stages=Stages()),
        lambda: rollback(copied, reason="", stages=Stages()),
    ):
        with pytest.raises(ModelRefused, match="version 1 was not made champion"):
            act()
    assert listed(copied) == before


def test_nothing_moves_while_another_run_is_at_work_but_the_list_can_be_read(copied):
    with RunLock(copied.state / "run.lock"):
        assert listed(copied).champion == 1
        with pytest.raises(LockHeld):
            promote(copied, 1, reason="", stages=Stages())
        with pytest.raises(LockHeld):
            rollback(copied, reason="", stages=Stages())


def test_before_the_first_training_the_list_is_empty(copied):
    shutil.rmtree(copied.models)
    found = listed(copied)
    assert found.as_json()["versions"] == []
    assert found.champion is None
    with pytest.raises(ModelRefused, match="there is none yet"):
        rollback(copied, reason="", stages=Stages())
