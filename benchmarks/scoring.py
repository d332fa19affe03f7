"""What scoring costs beside prediction and explanation, and how much memory a million rows take.

python -m benchmarks.scoring --customers 100000
python -m benchmarks.scoring --customers 1000000 --project shop/hvc.yaml

The champion of a project (by default of a made-up shop, trained here) scores and explains the project's newest panel,
its rows repeated until there are as many as asked for: Arrow in, ``scores.parquet`` out. What LightGBM's prediction and
our TreeSHAP alone take on the same rows is measured in turn with it, round after round, each in seconds of the
processor, whatever the number of threads. LightGBM's own contributions are timed on a few rows.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from benchmarks.tables import machine, table
from hvc_ml.config import Config, load_config
from hvc_ml.estimators.boosting import Boosted
from hvc_ml.estimators.prior_columns import with_prior
from hvc_ml.progress import Stages
from hvc_ml.report.retention_list import write_scores
from hvc_ml.scoring.batches import in_batches
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows import demo
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.scores import scores_in_tiers, scores_of, tiers_of
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.train import train

ROUNDS: Final = 3
FEW: Final = 200
"""Rows that LightGBM explains."""
TRAINED_ON: Final = 5_000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000, help="rows of the panel (default: %(default)s)")
    parser.add_argument("--project", type=Path, help="hvc.yaml of a trained project (default: a made-up shop)")
    asked = parser.parse_args()
    print(machine("lightgbm", "numba", "pyarrow"))
    with tempfile.TemporaryDirectory() as there:
        model, panel, config = _opened(asked.project or _made(Path(there)))
        print(measured(model, repeated(panel, asked.customers), config, Path(there)))


def measured(model: CustomerModel, panel: pa.Table, config: Config, folder: Path) -> str:
    """Time the stages in turn."""
    before = _peak()
    predicted, explained = _trees(model)
    whole = {
        "tiers": lambda: tiers_of(panel, config),
        "predict, explain, money, families": lambda: scores_in_tiers(model, panel, tier, config),
        "write": lambda: write_scores(scores.table, folder / "scores.parquet"),
    }
    tier, scores = tiers_of(panel, config), scores_of(model, panel.slice(0, FEW), config)
    seconds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, run in whole.items():
            found = _timed(seconds, name, run)
            scores = found if name.startswith("predict,") else scores
        for frame in in_batches(panel):
            rows = with_prior(frame, model.recipe.prior, model.info.horizon)  # type: ignore[attr-defined] # a fitted one
            for part in predicted:
                matrix = part.encoder.encode(rows.reindex(columns=list(part.encoder.columns)))
                _timed(seconds, "LightGBM's prediction alone", partial(part.booster.predict, matrix, raw_score=True))
                if part in explained and part.explainer is not None:
                    _timed(seconds, "our TreeSHAP alone", partial(part.explainer.contributions, matrix))
    return _told(panel.num_rows, seconds, _slow(model, explained, panel), (before, _peak()))


def repeated(panel: pa.Table, rows: int) -> pa.Table:
    """The rows of a panel again and again, each a customer of their own."""
    times = -(-rows // panel.num_rows)
    whole = pa.concat_tables([panel] * times).slice(0, rows).combine_chunks()
    ids = pa.array([f"c{i:09d}" for i in range(rows)], panel.schema.field(CUSTOMER).type)
    return whole.set_column(whole.column_names.index(CUSTOMER), CUSTOMER, ids)


def _made(folder: Path) -> Path:
    made = demo.make(folder / "shop", kind="retail", customers=TRAINED_ON, seed=7, stages=Stages())
    train(load_config(made.config), promote=True, stages=Stages())
    return made.config


def _opened(path: Path) -> tuple[CustomerModel, pa.Table, Config]:
    project = load_config(path)
    with open_shop(project, Stages()) as shop:
        return load_champion(project).model, shop.panel(shop.now), project.config


def _trees(model: CustomerModel) -> tuple[list[Boosted], list[Boosted]]:
    """The trees that a forecast takes, and those that are explained."""
    recipe: Any = model.recipe
    weights = {"churn": recipe.risk.weights.boosted, "churn_trees": recipe.risk.weights.trees}
    value = recipe.value.weights
    weights |= {"hurdle": value.hurdle, "tweedie": value.tweedie, "value_trees": value.trees}
    used = [part.trees for name, part in recipe.parts.items() if weights[name]]
    explained = [trees for trees in used if trees is not None and trees.rounds]
    moves = [] if recipe.moves is None else [c.correction.trees for c in recipe.moves.chances.values()]
    return [*explained, *(trees for trees in moves if trees is not None and trees.rounds)], explained


def _timed(seconds: dict[str, list[float]], name: str, run: Callable[[], Any]) -> Any:
    begin = time.process_time()
    found = run()
    seconds.setdefault(name, []).append(time.process_time() - begin)
    return found


def _slow(model: Any, explained: list[Boosted], panel: pa.Table) -> float:
    """Seconds per row that LightGBM's own contributions take."""
    rows = with_prior(panel.slice(0, FEW).to_pandas(), model.recipe.prior, model.info.horizon)
    begin = time.process_time()
    for part in explained:
        part.booster.predict(part.encoder.encode(rows), pred_contrib=True)
    return (time.process_time() - begin) / FEW


def _told(rows: int, seconds: dict[str, list[float]], slow: float, peak: tuple[float, float]) -> str:
    alone = {name: sum(found) / ROUNDS for name, found in seconds.items() if name.endswith("alone")}
    stages = {name: statistics.median(found) for name, found in seconds.items() if name not in alone}
    whole, least = sum(stages.values()), sum(alone.values())
    lines = [[name, f"{s:.1f}", f"{rows / s:,.0f}"] for name, s in {**stages, "in all": whole, **alone}.items()]
    lines.append(["LightGBM's contributions alone (from a few rows)", f"{slow * rows:,.0f}", f"{1 / slow:,.0f}"])
    beside = f"Beside prediction and TreeSHAP: {whole / least - 1:.0%} of their time."
    memory = f"Peak memory {peak[0]:.2f} GB before, {peak[1]:.2f} GB after."
    head = table(["", "CPU-seconds", "rows per CPU-second"], lines)
    return f"\n### {rows:,} rows, scored and explained\n\n{head}\n\n{beside} {memory}"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
