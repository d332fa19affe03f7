"""How much less than the exact optimum a list gains, and how long a million customers take.

python -m benchmarks.allocation

Small campaigns are solved exactly by HiGHS (`scipy.optimize.milp`); of a large one the linear relaxation is the bound.
"""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.tables import machine, table
from hvc_ml.planning.allocation import NOTHING, allocate
from hvc_ml.planning.economics import expected_gain, expected_spending
from hvc_ml.planning.prices import Limits, most_gain

Floats = NDArray[np.float64]

SIZES: Final = (20, 50, 100, 200)
"""Customers of a small campaign, in turn."""
SECONDS: Final = 20.0
"""How long HiGHS may look for one exact answer."""


@dataclass(frozen=True)
class Campaign:
    """Gains and spending of every action for every customer, as the economics make them, and what may be used."""

    gain: Floats
    cost: Floats
    allowed: NDArray[np.bool_]
    limits: Limits

    @property
    def open_gain(self) -> Floats:
        """Gains; minus infinity where an action may not be proposed or gains nothing."""
        return np.where(self.allowed & (self.gain > 0.0), self.gain, -np.inf)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=200, help="small campaigns (default: %(default)s)")
    parser.add_argument("--customers", type=int, default=1_000_000, help="of the large one (default: %(default)s)")
    asked = parser.parse_args()
    print(machine("numpy", "scipy"))
    print(small_campaigns(asked.instances), flush=True)
    print(large_campaign(asked.customers))


def small_campaigns(instances: int) -> str:
    """How much less than the exact optimum the lists of small campaigns gain."""
    rows = []
    found = [(seed, SIZES[seed % len(SIZES)]) for seed in range(instances)]
    for size in SIZES:
        gaps = [gap_of(random_campaign(seed, n)) for seed, n in found if n == size]
        if gaps:
            rows.append([f"{size:,}", f"{len(gaps)}", *(f"{100 * figure:.3f} %" for figure in _summary(gaps))])
    head = ["customers", "campaigns", "mean gap", "largest gap"]
    return f"\n### Small campaigns beside the exact optimum\n\n{table(head, rows)}"


def _summary(gaps: list[float]) -> tuple[float, float]:
    return float(np.mean(gaps)) + 0.0, float(np.max(gaps)) + 0.0


def large_campaign(customers: int) -> str:
    """Seconds of a large campaign, with different limits, and what is missing to the relaxation."""
    whole = random_campaign(1, customers, actions=5)
    spent = float(whole.cost.max(axis=1).sum())
    some, many = customers // 50, customers // 10
    limits = {
        "capacities": Limits((some, many, None, many, None)),
        "budget": Limits((None,) * 5, budget=0.05 * spent),
        "capacities and budget": Limits((some, many, None, many, None), budget=0.05 * spent),
        "capacities, budget, length": Limits((some, many, None, many, None), budget=0.05 * spent, top=many),
    }
    rows = []
    for name, limit in limits.items():
        campaign = Campaign(whole.gain, whole.cost, whole.allowed, limit)
        start = time.perf_counter()
        choice = allocate(campaign.gain, campaign.cost, campaign.allowed, limit)
        seconds = time.perf_counter() - start
        gap = 1.0 - total(choice, campaign.gain) / most_gain(campaign.open_gain, campaign.cost, limit)
        listed = int((choice != NOTHING).sum())
        rows.append([name, f"{listed:,}", f"{seconds:.1f}", f"{100 * max(gap, 0.0):.4f} %"])
    head = ["limits", "on the list", "seconds", "below the relaxation"]
    return f"\n### {customers:,} customers x 5 actions\n\n{table(head, rows)}"


def random_campaign(seed: int, n: int, actions: int | None = None) -> Campaign:
    """A campaign of n customers with risks, values, costs and limits as they come; the same seed, the same campaign."""
    rng = np.random.default_rng(seed)
    k = actions or 1 + seed % 5
    risk, value = rng.beta(2, 3, (n, 1)), rng.lognormal(5, 1, (n, 1))
    costs = {
        "save_rate": rng.uniform(0.1, 0.4, k),
        "offer_cost": rng.uniform(0, 30, k) * (rng.random(k) < 0.6),
        "take_up": rng.uniform(0.2, 1.0, k),
        "contact_cost": rng.uniform(0, 10, k),
    }
    cost = expected_spending(risk, **costs)
    limits = Limits(
        tuple(int(rng.integers(1, n // 2 + 1)) if rng.random() < 0.5 else None for _ in range(k)),
        float(rng.uniform(0.02, 0.5) * cost.max(axis=1).sum()) if rng.random() < 0.7 else None,
        int(rng.integers(1, n + 1)) if rng.random() < 0.5 else None,
    )
    return Campaign(expected_gain(risk, value, **costs), cost, rng.random((n, k)) < 0.8, limits)


def gap_of(campaign: Campaign) -> float:
    """How much less than the exact optimum a list gains, as a share of it; 0 is best."""
    best = exact(campaign)
    choice = allocate(campaign.gain, campaign.cost, campaign.allowed, campaign.limits)
    return 1.0 - total(choice, campaign.gain) / best if best > 0.0 else 0.0


def exact(campaign: Campaign) -> float:
    """The exact optimum, in money."""
    n, k = campaign.gain.shape
    rows, ends = [np.kron(np.eye(n), np.ones(k))], [np.ones(n)]
    for weights, limit in zip([*np.eye(k), None, np.ones(k)], campaign.limits.as_array(), strict=True):
        if np.isfinite(limit):
            rows.append((campaign.cost if weights is None else np.tile(weights, (n, 1))).reshape(1, -1))
            ends.append(np.array([limit]))
    constraint = LinearConstraint(np.vstack(rows), -np.inf, np.concatenate(ends))
    open_ = Bounds(0, np.isfinite(campaign.open_gain).astype(np.float64).ravel())
    with _silent():
        done = milp(
            -campaign.gain.ravel(),
            constraints=constraint,
            integrality=np.ones(n * k),
            bounds=open_,
            options={"mip_rel_gap": 1e-6, "time_limit": SECONDS},
        )
    return float(-(done.fun or 0.0))


def total(choice: NDArray[np.int64], gain: Floats) -> float:
    """What a list gains."""
    rows = np.flatnonzero(choice != NOTHING)
    return float(gain[rows, choice[rows]].sum())


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what HiGHS prints past Python."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 # os.devnull is no file of ours
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


if __name__ == "__main__":
    main()
