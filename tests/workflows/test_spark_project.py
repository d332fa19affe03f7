"""A project whose tables lie in Spark, from log to list: what its verbs say is what they say of the same files."""

import shutil

import pyarrow as pa
import pytest
import yaml

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows.backtest import needed
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.doctor import doctor
from hvc_ml.workflows.explain import explain
from hvc_ml.workflows.fitting import rows_of
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.train import train
from made.spark import WORKERS

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


def shop(folder, customers, changes):
    """A made-up shop whose tables Spark reads."""
    made = make(folder / "made", kind="retail", customers=customers, seed=3, stages=Stages())
    document = yaml.safe_load(made.config.read_text())
    changes(document)
    paths = {name: str((made.config.parent / path).resolve()) for name, path in document["source"]["paths"].items()}
    (folder / "spark").mkdir()
    (folder / "spark" / "hvc.yaml").write_text(yaml.safe_dump({**document, "source": {"paths": paths}}))
    return read_by(folder / "spark", kind="spark", url=WORKERS)


def read_by(folder, **source):
    """The project with another kind of source, on the same files."""
    path = folder / "hvc.yaml"
    document = yaml.safe_load(path.read_text())
    document["source"] = {"paths": document["source"]["paths"], **source}
    path.write_text(yaml.safe_dump(document))
    return load_config(folder)


def few(document):
    """Orders alone and few features: what costs time in a small Spark is the number of questions."""
    columns = document["tables"]["orders"]["columns"]
    kept = ("order_id", "customer_id", "ordered_at", "amount")
    document["tables"] = {"orders": {"columns": {c: columns[c] for c in kept}}}
    document["source"]["paths"] = {"orders": document["source"]["paths"]["orders"]}
    document["features"] = {"families": ["recency", "frequency", "spending"], "windows": [365]}
    document["calendar"] = {"every": "month", "cutoffs": 1, "tests": 1, "min_history": 500}
    document["population"] = {"active_within": 365}
    document["profile"] = {}
    document["list"]["formats"] = ["csv"]


def told(project):
    """What a team reads: the list, every score, one customer's page, the certificate."""
    listed = score(project, cutoff=None, limits=Limits(), stages=Stages()).list_dir
    rows = (listed / "retention_list.csv").read_bytes()
    first = rows.splitlines()[1].decode().split(",")[1]
    page = explain(project, first, stages=Stages()).as_json()
    checked = doctor(project, customers=50, cutoffs=1, stages=Stages()).certificate
    assert checked.passed
    return rows, (listed / "scores.parquet").read_bytes(), page, checked.n_cells_compared


@pytest.fixture(scope="module")
def there(session, tmp_path_factory):
    """A shop in Spark, trained there."""
    project = shop(tmp_path_factory.mktemp("there"), 300, few)
    assert train(project, promote=True, stages=Stages()).promoted
    return project


def test_the_list_is_that_of_the_same_files(there, tmp_path):
    shutil.copytree(there.folder, tmp_path / "files", ignore=shutil.ignore_patterns("features"), symlinks=True)
    assert told(there) == told(read_by(tmp_path / "files", kind="files"))


def test_who_is_learned_from_is_drawn_before_the_panel_comes_here(there):
    with open_shop(there, Stages()) as opened:
        cutoffs = needed(opened.timeline, opened.timeline.tests())
        (drawn, kept), whole = opened.sampled(cutoffs, 60, whole=cutoffs), opened.partitions(cutoffs)
        assert opened.sampled(cutoffs, 1_000)[1].share == 1.0
    for cutoff, everybody in whole.items():
        wanted = kept.has(everybody.panel["customer_id"].to_pandas())
        assert drawn[cutoff].panel.equals(everybody.panel.filter(pa.array(wanted)))
        assert drawn[cutoff].labels.equals(everybody.labels.filter(pa.array(wanted)))
        assert drawn[cutoff].repeat_buying.equals(everybody.repeat_buying)
        assert 20 < wanted.sum() < 90
    assert len(rows_of(drawn[cutoffs[-1]], there.config)) == drawn[cutoffs[-1]].panel.num_rows


@pytest.mark.deep
def test_the_model_is_that_of_the_same_files(session, tmp_path):
    there = shop(tmp_path, 600, lambda document: document["calendar"].update(cutoffs=2))
    shutil.copytree(there.folder, tmp_path / "files")
    here = read_by(tmp_path / "files", kind="files")
    ours, theirs = (train(p, promote=True, stages=Stages()) for p in (here, there))
    assert ours.panel.metrics() == theirs.panel.metrics()
    assert told(here) == told(there)


@pytest.mark.deep
def test_a_panel_larger_than_its_sample_is_trained_on(session, tmp_path):
    project = shop(tmp_path, 600, lambda document: (few(document), document["model"].update(sample_customers=150)))
    found = train(project, promote=True, stages=Stages())
    assert found.sample.share < 0.6
    assert found.n_customers < 250
    assert found.promoted
    assert score(project, cutoff=None, limits=Limits(), stages=Stages()).n_scored > 250
