"""The change between lists of two registered models: exact to the cent, told by the verb, kept in MLflow without ids."""

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import ServiceError
from hvc_ml.explanation.change import PARTS
from hvc_ml.progress import Stages
from hvc_ml.scoring.serving import serving
from hvc_ml.tracking import registry
from hvc_ml.tracking.store import Store, open_store
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.change import WORDS, change
from hvc_ml.workflows.models import promote
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.train import train
from workflows.shops import small

OLD = date(2025, 11, 1)
BETWEEN = tuple(WORDS)[1:-1]


def store_of(project):
    return open_store(project.config.tracking, project.folder, project.config.name)


def crowned(project, model, panel, scratch):
    """The model as the registry's next version, and champion."""
    store, bundle = store_of(project), scratch / "bundle"
    model.save(bundle, panel)
    with store.training_run("train", params={}) as run:
        version = registry.register(store, run, bundle, serving(bundle))
    registry.promote(store, version, "for this test")


def listed(project, cutoff):
    return score(project, cutoff=cutoff, limits=Limits(), stages=Stages())


@pytest.fixture(scope="module")
def project(trained, tmp_path_factory):
    """The shop with a registry of its own: one list of the model as it was tested, a later one of production's."""
    folder = tmp_path_factory.mktemp("models") / "shop"
    shutil.copytree(trained[0].folder, folder, ignore=lambda *_: {"models", "lists", "campaigns"}, symlinks=True)
    found, model = load_config(folder / "hvc.yaml"), load_champion(trained[0]).model
    with open_shop(found, Stages()) as shop:
        panel = shop.eligible(shop.now)
    for number, (one, cutoff) in enumerate(((model.as_tested(), OLD), (model, None))):
        crowned(found, one, panel, tmp_path_factory.mktemp(f"bundle{number}"))
        listed(found, cutoff)
    return found


def cents(table, names):
    return np.rint(table[list(names)].to_numpy(float) * 100).astype(int)


def assert_exact(project, result):
    """Every row, the bridge and the published files agree to the cent."""
    ends = cents(result.rows, ("before", "after"))
    assert (ends[:, 0] + cents(result.rows, BETWEEN).sum(axis=1) == ends[:, 1]).all()
    bridge = {name: round(amount * 100) for name, amount in result.bridge.items()}
    assert bridge["before"] + sum(bridge[name] for name in BETWEEN) == bridge["after"]
    for past, end in zip(past_lists(project), ("before", "after"), strict=True):
        assert bridge[end] == cents(past.scores(), ["value_at_risk"]).sum()


def test_the_change_from_one_version_to_the_next_is_exact_and_nothing_needs_correction(project):
    result = change(project, "2025-11", "latest", stages=Stages())
    assert [past.meta["model_version"] for past in (result.old, result.new)] == ["1", "2"]
    assert_exact(project, result)
    assert not result.rows["corrected"].any()  # both lists follow from the registry's models to the cent
    assert all(result.rows[part].any() for part in PARTS)


def test_the_verb_keeps_the_bridge_with_the_run_of_the_newer_model_and_no_customer(project):
    said = CliRunner().invoke(app, ["explain", "-c", str(project.path), "--change", "2025-11", "latest", "--json"])
    assert said.exit_code == 0
    told, store = json.loads(said.stdout), store_of(project)
    newer = next(v for v in registry.versions(store) if v.version == 2)
    assert told["mlflow_run"] == newer.run_id
    client, name = store.connection.client, f"{told['old']['name']}_to_{told['new']['name']}"
    figures = {f.path for f in client.list_artifacts(newer.run_id, "figures")}
    assert figures == {f"figures/change_{name}.png", f"figures/change_{name}.svg"}
    kept = Path(client.download_artifacts(newer.run_id, f"changes/{name}.json")).read_text()
    assert json.loads(kept)["bridge"] == told["bridge"]
    assert not any(row["customer_id"] in kept for row in told["rises"] + told["falls"])
    assert client.get_run(newer.run_id).info.status == "FINISHED"


def test_one_customers_change_is_nobodys_business_in_mlflow(project, monkeypatch):
    customer = change(project, "2025-11", "latest", stages=Stages()).rows["customer_id"].iloc[0]
    monkeypatch.setattr(Store, "run", lambda *_: pytest.fail("logged"))
    result = change(project, "2025-11", "latest", customer=customer, stages=Stages())
    assert result.run_id is None
    assert "mlflow_run" not in result.as_json()


def test_an_mlflow_that_takes_nothing_stops_no_explanation(project, monkeypatch, caplog):
    def away(*_):
        raise ServiceError("the store is away")

    monkeypatch.setattr(Store, "run", away)
    result = change(project, "2025-11", "latest", stages=Stages())
    assert result.run_id is None
    assert_exact(project, result)
    assert "the store is away" in caplog.text


@pytest.mark.deep  # two trainings; above, the registry's two models are one training's
@pytest.mark.timeout(900)
def test_two_trainings_two_lists_and_the_change_between_them(tmp_path):
    project = small(tmp_path)
    train(project, promote=True, stages=Stages())
    listed(project, OLD)
    text = project.path.read_text()
    assert "\nmodel:" in text
    project.path.write_text(text.replace("\nmodel:", "\nmodel:\n  leaves: 7\n  learning_rate: 0.1", 1))
    project = load_config(project.path)
    second = train(project, promote=True, stages=Stages())
    if not second.promoted:
        promote(project, int(second.model_version), reason="for this test", stages=Stages())
    listed(project, None)
    result = change(project, "2025-11", "latest", stages=Stages())
    assert_exact(project, result)
    assert result.run_id == second.run_id
    assert result.rows["model"].any()
    assert not result.rows["corrected"].any()
