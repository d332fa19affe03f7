"""Do the intervals of measured campaigns hold the truth as often as they say? Simulated campaigns with known effects.

Each simulated list has risks, heavy-tailed money, and a holdout drawn as `score` draws it. What each customer would do
with and without contact is known, so the true effect on the very customers of the list is known too.

The same is then asked of the demo shop's own lists, drawn again and again (see ``demo_campaigns``).

python -m benchmarks.campaign_coverage
python -m benchmarks.campaign_coverage --campaigns 1000 --demo 0
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from benchmarks.demo_campaigns import FORECASTS, demo_rows, known_lists
from benchmarks.tables import machine, number, table
from hvc_ml.campaigns.measure import effect
from hvc_ml.campaigns.outcomes import CONTACT, Costs, outcomes
from hvc_ml.campaigns.save_rates import save_rates
from hvc_ml.campaigns.stopping import looks, stop_reason
from hvc_ml.planning.holdout import draw_holdout

Bools = NDArray[np.bool_]
TIERS = ("Priority", "Gold", "Mass")
COSTS = Costs(contact=3.0, offer=8.0, take_up=0.4)
WORDS = {"stayed": "share who stay", "future_value": "money", "net": "profit"}


@dataclass(frozen=True)
class Lists:
    """How simulated lists look: customers, share held out, spread of the logarithm of money, share of leavers saved."""

    customers: int = 1_000
    holdout: float = 0.1
    tail: float = 1.0
    save: float = 0.3

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.customers:,} listed, {self.holdout:.0%} held out, tail {self.tail:g}, {self.save:.0%} saved"


WORLDS = (
    Lists(),
    Lists(holdout=0.2),
    Lists(customers=400),
    Lists(customers=2_500),
    Lists(tail=0.5),
    Lists(tail=1.5),
    Lists(save=0.0),
)


def campaigns(lists: Lists, count: int, seed: int = 7) -> Iterator[tuple[pd.DataFrame, dict[str, float]]]:
    """Rows of `outcomes` for each simulated campaign, and its true effects per listed customer."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        n = lists.customers
        risk, worth = rng.beta(2.0, 3.0, n), np.exp(rng.normal(4.0, lists.tail, n))
        money = worth * np.exp(rng.normal(-0.5, 1.0, n))  # as much again is luck
        leaves, saved = rng.random(n) < risk, rng.random(n) < lists.save
        people = pd.DataFrame({"customer_id": [f"c{j}" for j in range(n)], "churn_risk": risk, "action": "call"})
        people["tier"] = np.array(TIERS, object)[np.digitize(worth, np.quantile(worth, (0.5, 0.8)))[::-1]]
        people = people.assign(value_if_kept=worth, future_value=(1.0 - risk) * worth)
        held = draw_holdout(people, lists.holdout, seed=f"{seed}/{i}")
        people["group"] = np.where(held, "holdout", CONTACT)
        truth = _truth(leaves, saved, money)
        gone = leaves & (held | ~saved)
        came = people[["customer_id"]].assign(churned=gone.astype(int), future_value=np.where(gone, 0.0, money))
        rows = outcomes(people, came, people["customer_id"][~held], {"call": COSTS})
        yield rows.assign(list=f"list {i:03d}", cutoff=f"{i:03d}"), truth


def _truth(leaves: Bools, saved: Bools, money: NDArray[np.float64]) -> dict[str, float]:
    """What contacting everyone on the list would change, per customer: counted, not estimated."""
    kept = leaves & saved
    takers = kept + COSTS.take_up * ~leaves
    earned = np.where(kept, money, 0.0)
    profit = earned - COSTS.contact - COSTS.offer * takers
    return {name: float(x.mean()) for name, x in zip(FORECASTS, (kept, earned, profit), strict=True)}


def interval_rows(lists: Lists, count: int, seed: int = 7) -> pd.DataFrame:
    """One row per campaign and outcome: ``outcome, covered, high, low, half, reduction`` (misses above and below)."""
    found = []
    for rows, truth in campaigns(lists, count, seed):
        for name, forecasts in FORECASTS.items():
            seen = effect(rows[name], rows["group"] == CONTACT, rows[forecasts])
            if seen is not None:
                above, below = truth[name] > seen.high, truth[name] < seen.low
                half = (seen.high - seen.low) / 2.0
                found.append((name, not above and not below, above, below, half, seen.reduction))
    return pd.DataFrame(found, columns=["outcome", "covered", "high", "low", "half", "reduction"])


def posterior_rows(count: int, customers: int = 1_000, seed: int = 7) -> pd.DataFrame:
    """One row per action and tier, the truth drawn from the prior: ``covered`` (95 %), ``covered_80``, ``error``."""
    rng, prior, found = np.random.default_rng(seed), (6.0, 14.0), []
    spread = np.sqrt(0.5 * (1 / 6 + 1 / 14 + 1 / 72 + 1 / 392))  # of the logit of this Beta, half between tiers
    for _ in range(count):
        mean = rng.normal(-0.893, spread)
        rate = expit(rng.normal(mean, spread, 3))
        tier, risk = rng.integers(0, 3, customers), rng.beta(2.0, 3.0, customers)
        held = rng.random(customers) < 0.1
        true_risk = expit(logit(risk) + rng.normal(0.0, 0.3, 3)[tier])  # a model that is somewhat wrong, per tier
        gone = rng.random(customers) < true_risk * np.where(held, 1.0, 1.0 - rate[tier])
        group = np.where(held, "holdout", CONTACT)
        told = {"tier": np.array(TIERS)[tier], "group": group, "churn_risk": risk, "churned": gone.astype(int)}
        for said, truth in zip(save_rates(pd.DataFrame(told), prior, TIERS), rate, strict=True):
            inside = said.low <= truth <= said.high, said.low_80 <= truth <= said.high_80
            found.append((*inside, said.mean - truth))
    return pd.DataFrame(found, columns=["covered", "covered_80", "error"])


def stopped_share(count: int, change: float, *, months: int = 12, customers: int = 300, seed: int = 7) -> float:
    """Share of actions that are stopped within so many monthly looks when contact changes stays by ``change``."""
    rng, stopped = np.random.default_rng(seed), 0
    for _ in range(count):
        risk = rng.beta(2.0, 3.0, months * customers)
        held = rng.random(len(risk)) < 0.1
        stay = np.clip(1.0 - risk + np.where(held, 0.0, change), 0.0, 1.0)
        month = np.repeat([f"{m:02d}" for m in range(months)], customers)
        group = np.where(held, "holdout", CONTACT)
        stayed = (rng.random(len(risk)) < stay).astype(float)
        rows = pd.DataFrame({"list": month, "cutoff": month, "group": group, "churn_risk": risk, "stayed": stayed})
        stopped += stop_reason(looks(rows)) is not None
    return stopped / count


def main() -> None:
    """Print what was covered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=400, help="simulated per row")
    parser.add_argument("--demo", type=int, default=3_000, help="customers of the demo shop; 0 leaves it out")
    asked = parser.parse_args()
    count = asked.campaigns
    print(f"{count:,} simulated campaigns per row; {machine('numpy', 'scipy')}\n")
    named = [interval_rows(lists, count).assign(lists=lists.name) for lists in WORLDS]
    print(_intervals(pd.concat(named)), "\n", flush=True)
    if asked.demo:
        lists = known_lists(asked.demo, months=4, seed=11)
        sizes = ", ".join(f"{len(known.listed):,}" for known in lists)
        print(f"The demo shop of {asked.demo:,}: four monthly lists ({sizes}), each drawn 50 times\n")
        print(_intervals(demo_rows(lists, 50)), "\n", flush=True)
    told = []
    for customers in (200, 1_000, 4_000):
        rows = posterior_rows(count // 2, customers)
        inside = [f"{rows[column].mean():.1%}" for column in ("covered", "covered_80")]
        told.append([f"{customers:,}", *inside, number(float(np.sqrt((rows["error"] ** 2).mean())))])
    print(table(["customers per action", "95 % intervals", "80 % intervals", "root mean square error"], told), "\n")
    stops = [[f"{change:+.0%}", f"{stopped_share(count // 2, change):.1%}"] for change in (0.0, -0.1, -0.2)]
    print(table(["true change of stays by contact", "actions stopped within 12 monthly looks at 300 each"], stops))


def _intervals(rows: pd.DataFrame) -> str:
    """How often intervals hold the truth, as a table."""
    lines = []
    for (lists, outcome), found in rows.groupby(["lists", "outcome"], sort=False):
        means = found[["covered", "low", "high", "half", "reduction"]].mean()
        shares = [f"{means[column]:.1%}" for column in ("covered", "low", "high")]
        lines.append([str(lists), WORDS[str(outcome)], *shares, number(means["half"]), f"{means['reduction']:.0%}"])
    head = ["lists", "effect on", "95 % intervals that hold the truth", "truth below", "above", "half width"]
    return table([*head, "variance taken out"], lines)


if __name__ == "__main__":
    sys.exit(main())
