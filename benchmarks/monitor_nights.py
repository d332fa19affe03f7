"""How often the watch cries wolf, and whether it sees the wolf: one night per day of a made-up business.

The reference is twelve monthly cutoffs; then come as many days as asked for, one night each, scored on what was known
that day. Nothing is wrong on them, so every alarm is a false one. Then on each night one feature, another each time, is
shifted by one standard deviation, up or down, and has to be found that night.

python -m benchmarks.monitor_nights --nights 200 --customers 5000
"""

import argparse
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.tables import table
from hvc_ml.config import load_config
from hvc_ml.dataset.build import compute
from hvc_ml.monitoring.drift import Reference
from hvc_ml.monitoring.settings import MonitorSettings
from hvc_ml.progress import Stages
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.shop import Shop, open_shop

MOMENTS: Final = 12


@dataclass(frozen=True)
class Outcome:
    """What the nights showed."""

    nights: int
    customers: tuple[int, int]
    columns: int
    alarms: int
    false: dict[str, int]
    shifts: int
    found: int
    worst: float

    def as_json(self) -> dict[str, object]:
        """The figures, and their shares."""
        shares = {"false_alarms": self.alarms / self.nights, "found_share": self.found / max(1, self.shifts)}
        return {**vars(self), **shares}


def main() -> None:
    """Print what the nights showed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--kind", choices=("retail", "subscription"), default="retail")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder) / "shop", kind=asked.kind, customers=asked.customers, seed=asked.seed, stages=Stages())
        with open_shop(load_config(made.config), Stages()) as shop:
            found = nights(shop, asked.nights, np.random.default_rng(asked.seed))
    print(json.dumps(found.as_json(), indent=2))
    said = [found.nights, found.columns, found.alarms, found.shifts, found.found]
    print(table(["nights", "columns", "nights with a false alarm", "shifts", "found"], [[str(n) for n in said]]))


def nights(shop: Shop, count: int, rng: np.random.Generator) -> Outcome:
    """Watch every night, as it was and with one feature shifted."""
    days = [shop.now - timedelta(days=i) for i in range(1, count + 1)][::-1]
    known, columns = _known(shop, days[0])
    floor = MonitorSettings().drift
    false: Counter[str] = Counter()
    alarms = shifts = found = 0
    worst, sizes = 0.0, []
    for day in days:
        rows = _rows(shop, [day])[day]
        tonight = known.drift(rows, floor=floor)
        far = tonight.loc[tonight["drifted"], "column"].tolist()
        false.update(far)
        alarms += bool(far)
        worst = max(worst, float((tonight["psi"] / tonight["limit"]).max()))
        sizes.append(len(rows))
        shifted = str(rng.choice(columns))
        deviation = float(rows[shifted].std())
        if np.isfinite(deviation) and deviation > 0.0:
            shifts += 1
            moved = rows.assign(**{shifted: rows[shifted] + rng.choice([-1.0, 1.0]) * deviation})
            seen = known.drift(moved, floor=floor)
            found += shifted in set(seen.loc[seen["drifted"], "column"])
    return Outcome(
        count, (min(sizes), max(sizes)), len(known.columns), alarms, dict(false), shifts, found, round(worst, 3)
    )


def _known(shop: Shop, before: date) -> tuple[Reference, list[str]]:
    """The reference: the twelve monthly cutoffs before the first night, and which of its columns are numbers."""
    moments = [c for c in shop.timeline.mature(shop.now) if c < before - timedelta(days=14)][-MOMENTS:]
    frames = [rows.assign(moment=moment.isoformat()) for moment, rows in _rows(shop, moments).items()]
    together = pd.concat(frames, ignore_index=True)
    names = [name for name in together if name not in {CUSTOMER, "moment"}]
    known = Reference.of(together[names], moment=together["moment"], customer=together[CUSTOMER])
    return known, [str(name) for name in together[names].select_dtypes("number")]


def _rows(shop: Shop, cutoffs: list[date]) -> dict[date, pd.DataFrame]:
    plan = shop.plan()
    return {day: compute(shop.engine, shop.tables, day, plan).panel.to_pandas() for day in cutoffs}


if __name__ == "__main__":
    main()
