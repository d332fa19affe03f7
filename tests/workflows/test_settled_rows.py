"""A log of many files, night after night: the panel is the one of a run that reads everything."""

import json
import shutil

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from hvc_ml.config import load_config
from hvc_ml.dataset.store import PanelStore
from hvc_ml.errors import ConfigError
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST
from hvc_ml.workflows.features import features
from hvc_ml.workflows.forget import forget
from hvc_ml.workflows.shop import open_shop
from workflows.shops import small


@pytest.fixture
def nights(tmp_path):
    """A small shop whose orders come as a file a month; the last two have not come yet."""
    project = small(tmp_path / "shop", customers=120)
    data = project.folder / "data"
    (name,) = data.glob("orders*")
    table = pq.read_table(name) if name.suffix == ".parquet" else pc.read_csv(name)
    time = project.config.tables.orders.columns["ordered_at"]
    months = [str(moment)[:7] for moment in table[time].to_pylist()]
    (data / "orders").mkdir()
    (data / "coming").mkdir()
    every = sorted(set(months))
    for month in every:
        to = data / ("coming" if month in every[-2:] else "orders") / f"{month}.parquet"
        pq.write_table(table.filter([m == month for m in months]), to)
    text = project.path.read_text()
    assert f"orders: data/{name.name}" in text
    text = text.replace(f"orders: data/{name.name}", "orders: data/orders/*.parquet")
    project.path.write_text(text.replace("source:\n", "source:\n  settled_after: 7\n"))
    return project.path


def come(path):
    for file in sorted((path.parent / "data" / "coming").iterdir()):
        shutil.move(file, path.parent / "data" / "orders" / file.name)


def panel(path):
    """Everything in the panel of the newest cutoffs, and their keys."""
    project = load_config(path)
    made = features(project, cutoff=None, show_sql=False, stages=Stages())
    store = PanelStore(project.features)
    keys = {p.cutoff: json.loads((store.path(p.cutoff) / MANIFEST).read_text())["meta"]["key"] for p in made.partitions}
    return [store.load(cutoff, key) for cutoff, key in keys.items()]


def test_the_panel_of_what_came_is_the_panel_of_everything(nights):
    panel(nights)
    come(nights)
    project = load_config(nights)
    with open_shop(project, Stages()) as shop:
        assert set(shop.tables.layers) >= {"orders", "items"}
        rows = {name: shop.engine.count(layers.fresh) for name, layers in shop.tables.layers.items()}
        assert 0 < rows["orders"] < shop.engine.count(shop.tables.orders) / 3
    found = panel(nights)
    shutil.rmtree(project.features)
    assert panel(nights) == found
    shutil.rmtree(project.features)
    nights.write_text(nights.read_text().replace("settled_after: 7", "settled_after: null"))
    assert panel(nights) == found


def test_who_is_forgotten_is_not_among_the_rows_that_are_kept(nights):
    panel(nights)
    project = load_config(nights)
    with open_shop(project, Stages()) as shop:
        someone = shop.engine.arrow(shop.tables.layers["orders"].kept.head(1))["customer_id"][0].as_py()
    forget(project, frozenset({someone}), stages=Stages())
    assert not project.rows.exists()
    panel(nights)
    kept = [p.read_bytes() for p in project.rows.rglob("*") if p.is_file()]
    assert kept
    assert not any(someone.encode() in data for data in kept)


def test_only_files_settle(nights):
    project = load_config(nights)
    database = project.config.source.model_copy(update={"kind": "duckdb", "path": "shop.duckdb"})
    with pytest.raises(ConfigError, match="only files settle"):
        database.files(project.folder)
