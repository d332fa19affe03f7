"""Versions, aliases, bundles that come back whole, and MLflow's own loader on them."""

import dataclasses
import json
import shutil

import mlflow
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.scoring.bundle import read_bundle
from hvc_ml.tracking import registry
from hvc_ml.tracking.copies import last_champion
from hvc_ml.tracking.registry import registering


def trained(store, bundle, serving, **more):
    with store.training_run("train", params={"horizon": 90}) as run:
        return registry.register(store, run, bundle, serving, **more)


def test_before_the_first_training_there_is_no_champion_and_no_version(store):
    assert registry.champion(store) is None
    assert registry.versions(store) == []


def test_a_version_is_challenger_until_it_is_promoted(store, make_bundle, serving):
    version = trained(
        store, make_bundle(1), serving, metrics={"churn_auc": 0.8125, "baselines": {"past": {"value_gini": 0.7}}}
    )
    assert registry.champion(store) is None
    assert [v.aliases for v in registry.versions(store)] == [("challenger",)]
    registry.promote(store, version, "first version with signal")
    found = registry.champion(store)
    assert (found.version, found.stale) == (1, False)
    assert json.loads(read_bundle(found.folder)[0]["add.json"]) == {"add": 1}
    (listed,) = registry.versions(store)
    assert listed.aliases == ("champion",)
    assert listed.reason == "first version with signal"
    assert listed.tags["churn/auc"] == "0.8125"
    assert not any("baselines" in tag for tag in listed.tags)


def test_a_version_keeps_its_card_with_the_model_and_in_a_file_without_secrets(store, make_bundle, serving):
    version = trained(store, make_bundle(1), serving, card="# Card\n\nread from mysql://ann:hunter2@host\n")
    told = store.folder / "cards" / f"version_{version}.md"
    assert told.read_text() == "# Card\n\nread from mysql://***@host\n"
    assert told.stat().st_mode & 0o077 == 0
    (logged,) = store.folder.rglob("artifacts/models/*/artifacts/artifacts/model_card.md")
    assert logged.read_bytes() == told.read_bytes()
    registry.promote(store, version, "first")
    assert registry.champion(store).version == version  # the card is no part of the bundle


def test_run_and_model_say_which_version_came_of_it_and_how_to_use_it(store, make_bundle, serving):
    version = trained(store, make_bundle(1), serving)
    client = store.connection.client
    (listed,) = registry.versions(store)
    run = client.get_run(listed.run_id)
    assert run.data.tags["model_version"] == str(version)
    assert run.info.run_name == f"v{version} train"
    assert "models:/my shop@champion" in client.get_registered_model("my shop").description
    assert not (store.folder / "cards").exists()


def test_rollback_returns_to_the_champion_before_and_no_further(store, make_bundle, serving):
    for number in (1, 2, 3):
        version = trained(store, make_bundle(number), serving)
        if number == 2:
            registry.refuse(store, version, "worse")
        else:
            registry.promote(store, version, "better")
    assert registry.champion(store).version == 3
    assert registry.rollback(store) == 1
    assert registry.champion(store).version == 1
    with pytest.raises(ModelRefused, match="no earlier champion"):
        registry.rollback(store)
    assert [(v.version, v.aliases) for v in registry.versions(store)] == [(3, ()), (2, ()), (1, ("champion",))]


def test_a_version_that_is_not_there_is_refused_by_number(store):
    for act in (
        lambda: registry.promote(store, 7, "why"),
        lambda: registry.fetch(store, 7),
        lambda: registry.refuse(store, 7, ""),
    ):
        with pytest.raises(ModelRefused, match=r"no version 7\. None is registered yet"):
            act()


def test_a_version_that_is_not_there_is_refused_beside_those_that_are(store, make_bundle, serving):
    for number in (1, 2):
        trained(store, make_bundle(number), serving)
    with pytest.raises(ModelRefused, match=r"no version 3. Registered: 2, 1\."):
        registry.promote(store, 3, "why")


def test_a_lost_copy_is_downloaded_again_and_the_same(store, make_bundle, serving):
    bundle = make_bundle(4)
    registry.promote(store, trained(store, bundle, serving), "first")
    copy = registry.champion(store).folder
    shutil.rmtree(copy)
    again = registry.champion(store).folder
    assert read_bundle(again) == read_bundle(bundle)
    assert again.stat().st_mode & 0o777 == 0o700
    assert all(f.stat().st_mode & 0o777 == 0o600 for f in again.iterdir())


def test_a_bundle_changed_in_the_store_is_refused(store, make_bundle, serving):
    registry.promote(store, trained(store, make_bundle(5), serving), "first")
    shutil.rmtree(registry.champion(store).folder)
    other = make_bundle(6)
    (kept,) = (store.folder / "artifacts").rglob("bundle/MANIFEST.json")
    shutil.copy(other / "MANIFEST.json", kept)
    with pytest.raises(ModelRefused, match="another bundle"):
        registry.champion(store)


def test_a_version_of_someone_else_is_refused(store):
    client = store.connection.client
    client.create_registered_model(store.name)
    client.create_model_version(store.name, (store.folder / "artifacts").as_uri())
    client.set_registered_model_alias(store.name, "champion", "1")
    with pytest.raises(ModelRefused, match="was not registered by hvc-ml"):
        registry.champion(store)


def test_when_the_store_is_silent_the_last_champion_scores_and_says_so(store, make_bundle, serving, monkeypatch):
    registry.promote(store, trained(store, make_bundle(8), serving), "first")

    def silent(*_):
        raise ConnectionResetError("gone")

    monkeypatch.setattr(store.connection.client, "get_registered_model", silent)
    found = registry.champion(store)
    assert (found.version, found.stale) == (1, True)
    (found.folder / "MANIFEST.json").write_text("{}")
    with pytest.raises(ServiceError, match="looking for the champion"):
        registry.champion(store)


def test_the_note_of_the_last_champion_may_be_missing_or_broken(tmp_path):
    assert last_champion(tmp_path) is None
    (tmp_path / "champion.json").write_text("[1]")
    assert last_champion(tmp_path) is None


def test_a_project_that_was_moved_still_finds_its_champion(open_at, make_bundle, serving, tmp_path):
    store = open_at(tmp_path / "old place")
    registry.promote(store, trained(store, make_bundle(9), serving), "first")
    shutil.move(tmp_path / "old place", tmp_path / "new place")
    assert registry.champion(open_at(tmp_path / "new place")).version == 1


def test_a_model_that_another_process_makes_in_the_same_instant_is_used(store, make_bundle, serving, monkeypatch):
    client = store.connection.client
    client.create_registered_model(store.name)
    told = iter([None])
    found = registering.registered_model
    monkeypatch.setattr(registering, "registered_model", lambda s: next(told, found(s)))
    assert trained(store, make_bundle(12), serving) == 1


def test_every_decision_is_kept_with_its_version_and_none_is_written_over(store, make_bundle, serving):
    version = trained(store, make_bundle(13), serving)
    registry.refuse(store, version, "worse at first")
    (before,) = registry.versions(store)
    registry.promote(store, version, "by hand: looked again")
    registry.promote(store, trained(store, make_bundle(14), serving), "better")
    registry.rollback(store, "by hand: not so good")
    newest, oldest = registry.versions(store)
    assert oldest.decisions[:1] == before.decisions
    assert [(d.what, d.reason, d.left) for d in oldest.decisions] == [
        ("refused", "worse at first", None),
        ("promoted", "by hand: looked again", None),
        ("rolled back to", "by hand: not so good", 2),
    ]
    assert [(d.what, d.left) for d in newest.decisions] == [("promoted", 1)]
    assert oldest.reason == "by hand: not so good"
    assert [(r.version, r.until is None) for r in registry.champions([newest, oldest])] == [
        (1, False),
        (2, False),
        (1, True),
    ]


def test_what_a_rollback_left_is_not_gone_back_to(store, make_bundle, serving):
    for number in (1, 2, 3):
        registry.promote(store, trained(store, make_bundle(number), serving), "better")
    assert [registry.previous(store), registry.rollback(store)] == [2, 2]
    assert [registry.previous(store), registry.rollback(store)] == [1, 1]
    registry.promote(store, 3, "by hand: it was right after all")
    assert registry.previous(store) == 1


def test_a_champion_made_in_mlflows_own_page_is_told_and_can_be_left(store, make_bundle, serving):
    for number in (1, 2):
        registry.promote(store, trained(store, make_bundle(number), serving), "better")
    trained(store, make_bundle(3), serving)
    store.connection.client.set_registered_model_alias(store.name, "champion", "3")
    found = registry.champions(registry.versions(store))
    assert [(r.version, r.since is None) for r in found] == [(1, False), (2, False), (3, True)]
    assert registry.rollback(store) == 2


def test_decisions_of_earlier_releases_are_read_from_their_last_one(store, make_bundle, serving):
    for number in (1, 2):
        version = trained(store, make_bundle(number), serving)
        for name, value in {"promoted": "true", "reason": "as it was then"}.items():
            store.connection.client.set_model_version_tag(store.name, str(version), name, value)
        store.connection.client.set_registered_model_alias(store.name, "champion", str(version))
    assert {v.reason for v in registry.versions(store)} == {"as it was then"}
    assert registry.rollback(store) == 1


def test_a_reason_is_kept_without_the_stores_password(store, make_bundle, serving, monkeypatch):
    connection = dataclasses.replace(store.connection, secrets=("hunter2",))
    hidden = dataclasses.replace(store, connection=connection)
    registry.promote(hidden, trained(store, make_bundle(1), serving), "told by postgresql://me:hunter2@db/x")
    (found,) = registry.versions(store)
    assert "hunter2" not in str(found.tags) + str(found.decisions)


def test_a_store_that_stops_answering_is_a_service_error_everywhere(store, monkeypatch):
    def broken(*_, **__):
        raise mlflow.exceptions.MlflowException("database is locked")

    for name in ("get_registered_model", "get_model_version", "create_run"):
        monkeypatch.setattr(store.connection.client, name, broken)
    for act in (
        lambda: registry.versions(store),
        lambda: registry.promote(store, 1, ""),
        lambda: registry.rollback(store),
        lambda: registry.champion(store),
    ):
        with pytest.raises(ServiceError, match="database is locked"):
            act()
    with pytest.raises(ServiceError, match="starting a run"), store.training_run("x", params={}):
        pass


def test_without_a_bundle_nothing_is_registered(store, serving, tmp_path):
    with store.training_run("train", params={}) as run, pytest.raises(ModelRefused, match="no bundle"):
        registry.register(store, run, tmp_path / "nothing", serving)
    assert registry.versions(store) == []


def test_mlflow_itself_can_load_the_champion_without_pickle(store, make_bundle, serving):
    registry.promote(store, trained(store, make_bundle(10), serving), "first")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store.uri)
    try:
        model = mlflow.pyfunc.load_model(f"models:/{store.name}@champion")
    finally:
        mlflow.set_tracking_uri(before)
    assert model.predict(pd.DataFrame({"b": [1.0], "a": [2.0]}))["total"].tolist() == [13.0]
    assert [c.name for c in model.metadata.signature.inputs] == ["a", "b"]
    requirements = next(iter(store.folder.rglob("requirements.txt"))).read_text()
    assert "hvc-ml==" in requirements
    assert not [*store.folder.rglob("*.pkl")]


def test_registering_leaves_the_run_open_and_the_global_address_alone(store, make_bundle, serving):
    before = mlflow.get_tracking_uri()
    with store.training_run("train", params={}) as run:
        registry.register(store, run, make_bundle(11), serving)
        assert store.connection.client.get_run(run.id).info.status == "RUNNING"
        assert mlflow.active_run() is None
        run.metrics({"churn_auc": 0.8})
    assert store.connection.client.get_run(run.id).info.status == "FINISHED"
    assert mlflow.get_tracking_uri() == before
