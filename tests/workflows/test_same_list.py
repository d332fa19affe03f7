"""What must not matter does not: threads, the order of rows, the format of a file."""

import pandas as pd

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train
from workflows.shops import small


def test_shuffled_rows_in_another_format_on_one_thread_give_the_same_list_byte_for_byte(trained, tmp_path):
    project = small(tmp_path / "other")
    orders = pd.read_parquet(project.folder / "data" / "orders.parquet").sample(frac=1, random_state=1)
    orders.to_csv(project.folder / "data" / "orders.csv", index=False)
    text = project.path.read_text().replace("data/orders.parquet", "data/orders.csv")
    text = text.replace("model:\n", "model:\n  threads: 1\n").replace("memory: 1GB", "memory: 1GB, threads: 1")
    project.path.write_text(text)
    project = load_config(project.path)
    train(project, promote=True, stages=Stages())
    one, other = (load_champion(p).model for p in (trained[0], project))
    assert one.recipe.to_files() == other.recipe.to_files()
    assert one.as_tested().recipe.to_files() == other.as_tested().recipe.to_files()
    result = score(project, cutoff=None, limits=Limits(), stages=Stages())
    names = {p.name for p in result.list_dir.iterdir()} - {"MANIFEST.json"}
    assert names == {
        "retention_list.csv",
        "retention_list.parquet",
        "retention_list.xlsx",
        "scores.parquet",
        "book.html",
    }
    for name in sorted(names):
        assert (result.list_dir / name).read_bytes() == (trained[2].list_dir / name).read_bytes(), name
