"""What does training waste? Bins shared by the models against bins of their own, and what cheaper rounds cost.

python -m benchmarks.training --rows 200000 --columns 80

Five models of the same rows, as a recipe has them: the risk and all future value of everybody, with and without two
columns, and value of those who stayed. Every way runs in a process of its own, in turn, round after round, on one
thread; seconds are those of the processor, memory is the peak over what the frame takes, in matrices of doubles.
"""

import argparse
import os
import platform
import resource
import statistics
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from hvc_ml.estimators.boosting import Boosted, Rows, binned, train
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.losses import Plan, Target

REPEATS: Final = 2
LATER: Final = 20_000
WAYS: Final = ("own bins, double", "own bins, single", "shared bins, single")
QUANTISED: Final = {"use_quantized_grad": True, "quant_train_renew_leaf": True, "num_grad_quant_bins": 8}
SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "as it is": {},
    "127 bins": {"max_bin": 127},
    "63 bins": {"max_bin": 63},
    "column after column": {"force_row_wise": False, "force_col_wise": True},
    "half of the columns for each tree": {"feature_fraction": 0.5},
    "a third of the columns for each tree": {"feature_fraction": 0.33},
    "half of them, column after column": {"feature_fraction": 0.5, "force_row_wise": False, "force_col_wise": True},
    "quantised": QUANTISED,
    "one-sided sampling": {"data_sample_strategy": "goss", "top_rate": 0.3, "other_rate": 0.2},
}


class Log(NamedTuple):
    """Rows to learn from and later ones."""

    frame: pd.DataFrame
    gone: "pd.Series[float]"
    money: "pd.Series[float]"


class Cost(NamedTuple):
    """What one way took: seconds of the processor, peak memory in matrices, and the area under the curve of risk."""

    seconds: float
    memory: float
    auc: float


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=100)
    asked = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, lightgbm {lgb.__version__}")
    print(f"{asked.rows:,} rows, {asked.columns} columns, {asked.rounds} rounds of 15 leaves")
    size = (asked.rows, asked.columns, asked.rounds)
    print(table("five models", dict.fromkeys(WAYS, five_models), size))
    print(table("one model", dict.fromkeys(SETTINGS, one_model), size))


def table(title: str, ways: Mapping[str, Callable[..., Cost]], size: tuple[int, int, int]) -> str:
    """Medians over rounds, and the ratio to the first way."""
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            found[name].append(_alone(way, name, size))
    middle = {n: Cost(*(statistics.median(v) for v in zip(*costs, strict=True))) for n, costs in found.items()}
    first = next(iter(middle.values())).seconds
    lines = [f"\n| {title} | CPU seconds | ratio | peak memory | churn AUC |", "|---|---|---|---|---|"]
    lines += [
        f"| {n} | {c.seconds:.2f} | {c.seconds / first:.2f} | {c.memory:.2f} | {c.auc:.4f} |" for n, c in middle.items()
    ]
    return "\n".join(lines)


def five_models(way: str, rows: int, columns: int, rounds: int) -> Cost:
    """Learn all five members of a recipe."""
    log, encoder = made(rows, columns), Encoder(tuple(f"x{i}" for i in range(columns)))
    before, start = _held(), _seconds()
    first, *_ = list(_members(way, log, encoder, Plan("binary", rounds=rounds, min_child_samples=200, threads=1)))
    seconds, peak = _seconds() - start, _peak() - before
    return Cost(seconds, peak / (rows * columns * 8), _auc(first, columns))


def _members(way: str, log: Log, encoder: Encoder, plan: Plan) -> Iterator[Boosted]:
    stayed = log.gone.to_numpy() == 0
    gone, money = log.gone.to_numpy(), log.money.to_numpy()
    fewer = replace(plan, use=tuple(i > 1 for i in range(len(encoder.columns))))
    double = way.endswith("double")
    shared = None if way.startswith("own") else _bins(log.frame, encoder, plan, double=double)
    kept = None if shared is None else shared.some(stayed)
    for how in (plan, fewer):
        yield train(how, Rows(shared or _bins(log.frame, encoder, plan, double=double), Target(gone)))
        amount = replace(how, objective="gamma")
        some = kept or _bins(log.frame[stayed], encoder, plan, double=double)
        yield train(amount, Rows(some, Target(money[stayed])))
    everything = shared or _bins(log.frame, encoder, plan, double=double)
    yield train(replace(plan, objective="tweedie"), Rows(everything, Target(money)))


def _bins(frame: pd.DataFrame, encoder: Encoder, plan: Plan, *, double: bool) -> Any:
    return binned(encoder, encoder.encode(frame) if double else encoder.encode_single(frame), plan)


def one_model(setting: str, rows: int, columns: int, rounds: int) -> Cost:
    """Learn the risk with LightGBM's own interface."""
    log = made(rows, columns)
    params = {**Plan("binary", min_child_samples=200, threads=1).params(), **SETTINGS[setting]}
    before, start = _held(), _seconds()
    matrix = np.asfortranarray(log.frame.to_numpy(np.float32))
    model = lgb.train(params, lgb.Dataset(matrix, log.gone.to_numpy(), params=params), rounds)
    seconds, peak = _seconds() - start, _peak() - before
    later = made(LATER, columns, seed=2)
    auc = roc_auc_score(later.gone, model.predict(later.frame.to_numpy(), num_threads=1))
    return Cost(seconds, peak / (rows * columns * 8), float(auc))


def made(rows: int, columns: int, seed: int = 1) -> Log:
    """Rows with counts, amounts and gaps; risk and money follow a dozen of the columns."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    x[:, 1::4] = np.floor(np.exp(x[:, 1::4]))
    x[:, 2::4] = np.round(np.exp(x[:, 2::4] + 3), 2)
    x[:, 3::8][rng.random((rows, len(range(3, columns, 8)))) < 0.3] = np.nan
    rank = np.argsort(np.argsort(x[:, :12], axis=0), axis=0) / rows - 0.5
    score = rank @ np.linspace(2, -2, 12) + 4 * rank[:, 0] * rank[:, 1]
    gone = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(np.float64)
    money = np.where(gone == 1, 0.0, np.exp(rank[:, 2] * 3 + rng.normal(size=rows)) + 0.01)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)])
    return Log(frame, pd.Series(gone), pd.Series(money))


def _auc(model: Boosted, columns: int) -> float:
    later = made(LATER, columns, seed=2)
    return float(roc_auc_score(later.gone, model.margin(later.frame, 1)))


def _alone(way: Callable[..., Cost], name: str, size: tuple[int, int, int]) -> Cost:
    """In a process of its own: peaks of memory do not go down again."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(way, name, *size).result()


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _held() -> float:
    """Bytes held now; Linux forgets earlier peaks."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak()


def _peak() -> float:
    """The most bytes held since."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
