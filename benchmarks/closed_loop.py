"""What closing the loop earns: twelve months of list, action, outcome in made-up shops whose effects are known.

A model is trained once; then each policy lives through the same year of the same customers, with the same budget and
capacities, each list's tenth left alone. Months differ between policies only by what their contacts changed: the luck
of every customer and day is the same. The **closed loop** scores, imports its contacts and measures its campaigns as
the commands do; once the first lists are mature, its save rates are measured ones.

True profit counts what the contacts changed within the horizon of their list, less their costs, with the true chance of
each save in place of its luck; *to the end* is all money of the shop beyond that of the same shop in which nobody was
contacted, as it fell, less costs.

python -m benchmarks.closed_loop --plot docs/closed_loop.svg
python -m benchmarks.closed_loop --customers 2000 --seeds 1 --months 6
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy import stats

from benchmarks.closed_loop_plot import closed_loop_plot
from benchmarks.policies import POLICIES, Policy
from benchmarks.tables import machine, table
from hvc_ml.config import Project, load_config
from hvc_ml.planning.cool_down import resting
from hvc_ml.planning.learned import LEARNED, Learned, SaveRate, read_learned
from hvc_ml.progress import Stages
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.scoring.batches import MONEY
from hvc_ml.segments.tiers import assign_tiers
from hvc_ml.tables.demo import DemoSettings, World, demo_config
from hvc_ml.tables.demo.actions import RETAIL_ACTIONS
from hvc_ml.tables.demo.settings import months_before
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.campaign_measure import measure
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.train import train

CLOSED: Final = "closed loop"
REST: Final = 90
"""Days in which a listed customer rests: as long as the horizon, so that no list disturbs what another one shows."""
BUDGET: Final = 250.0
"""Money for one month's list, about half of what every contact with a gain would cost."""
CAPACITIES: Final = {"bonus points": 40, "voucher": 12, "personal call": 4}
"""Contacts a week."""
MATURING: Final = 4
"""Months until the last list is mature."""


@dataclass(frozen=True)
class Year:
    """What one policy did in one shop.

    Parameters
    ----------
    contacts
        One row per listed customer: what `World.foresee` says, and ``month, tier, group, profit`` (expected, true).
    to_the_end
        Money beyond that of the shop in which nobody was contacted, less costs.
    learned
        What was learned by the end.
    """

    contacts: pd.DataFrame
    to_the_end: float
    learned: Learned


def main() -> None:
    """Print the tables, and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=4_500, help="over the whole span; about a quarter are active")
    parser.add_argument("--seeds", type=int, default=3, help="shops, each with a model of its own")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--plot", type=Path, help="where to draw the figure (.svg or .png)")
    asked = parser.parse_args()
    begin = time.perf_counter()
    years = [lived(asked.customers, seed, asked.months) for seed in range(1, asked.seeds + 1)]
    print(machine("lightgbm", "numpy"))
    print(f"{asked.seeds} shops of {asked.customers:,} customers, {asked.months} lists ({_minutes(begin)} minutes)\n")
    print(table(["policy", "contacts a month", "spent", "saved", "true profit", "to the end", LESS], profits(years)))
    rates = pd.concat([true_rates(year[CLOSED], seed) for seed, year in enumerate(years, start=1)])
    print(f"\n{coverage(rates)}\n")
    print(table(["shop", "action", "tier", "leavers listed", "true", "learned", "95 % interval"], _rate_lines(rates)))
    if asked.plot is not None:
        closed_loop_plot(asked.plot, {name: monthly(years, name) for name in years[0]}, rates)


LESS: Final = f"{CLOSED} earns more by, a month (95 %)"


def lived(customers: int, seed: int, months: int) -> dict[str, Year]:
    """Every policy's year in one shop."""
    settings = DemoSettings(customers=customers, seed=seed)
    world = World(settings, months=months + MATURING)
    days = [months_before(world.today, -month) for month in range(months)]
    with tempfile.TemporaryDirectory() as folder:
        project = opened(Path(folder), world)
        found = {CLOSED: closed_loop(project, world.untouched(), days)}
        for name, policy in POLICIES.items():
            print(f"shop {seed}: {name}", file=sys.stderr, flush=True)
            found[name] = open_loop(project, world.untouched(), days, policy)
    return found


def opened(folder: Path, world: World) -> Project:
    """A project with a trained model on the first day."""
    world.write(folder, world.today)
    text = yaml.safe_load(demo_config(world.settings))
    for action in text["playbook"]["actions"]:
        action |= {"capacity": CAPACITIES[action["name"]], "cool_down": REST}
    text["list"] |= {"weeks": 4, "budget": BUDGET, "complaint_rest": 0, "formats": ["parquet"]}
    write_bytes_atomic(folder / "hvc.yaml", yaml.safe_dump(text, sort_keys=False).encode())
    project = load_config(folder / "hvc.yaml")
    train(project, promote=True, stages=Stages())
    return project


def closed_loop(project: Project, world: World, days: list[date]) -> Year:
    """Score, contact, import, measure: what a team does with the commands."""
    told = []
    for month, day in enumerate(days):
        world.write(project.folder, day)
        measure(project, stages=Stages())
        listed = score(project, cutoff=day, limits=Limits(), stages=Stages())
        rows = pd.read_parquet(listed.list_dir / "retention_list.parquet")
        told.append(worked(world, rows, day, month))
        contacted = rows.loc[rows["group"] == "contact", ["customer_id", "action"]].assign(touched_at=day)
        contacted.to_csv(project.folder / "contacted.csv", index=False)
        import_contacts(
            project, project.folder / "contacted.csv", worked=listed.list_dir, replace=True, stages=Stages()
        )
    world.write(project.folder, world.end)
    measure(project, stages=Stages())
    return _year(world, told, read_learned(project.campaigns / LEARNED))


def open_loop(project: Project, world: World, days: list[date], policy: Policy) -> Year:
    """Score and contact, and learn nothing."""
    told: list[pd.DataFrame] = []
    for month, day in enumerate(days):
        world.write(project.folder, day)
        asleep = frozenset(_resting(told, day))
        told.append(worked(world, policy(scored(project, day), asleep, project.config, day), day, month))
    return _year(world, told, Learned.NOTHING)


def scored(project: Project, day: date) -> pd.DataFrame:
    """Everyone's figures as `score` tells them, without reasons, and what they spent in the last year."""
    with open_shop(project, Stages()) as shop:
        features = shop.eligible(day)
    said, spend = load_champion(project).model.predict(features), features["spend_365d"]
    figures = {"churn_risk": said["churn_risk"].round(6), **{name: said[name].round(2) for name in MONEY}}
    known = pd.DataFrame({"customer_id": features["customer_id"], "spend_365d": spend, **figures})
    tier = assign_tiers(spend, known["customer_id"], project.config.tiers)
    return pd.DataFrame(known).assign(tier=tier, value_at_risk=(said["churn_risk"] * said["value_if_kept"]).round(2))


def worked(world: World, rows: pd.DataFrame, day: date, month: int) -> pd.DataFrame:
    """Contact the contact group; what that changes, and what it would have changed for the holdout."""
    ids, actions = rows["customer_id"].tolist(), rows["action"].tolist()
    told: pd.DataFrame = world.foresee(ids, actions, day).to_pandas()
    group = rows["group"].to_numpy()
    contacted = told[group == "contact"]
    world.contact(contacted["customer_id"].tolist(), contacted["action"].tolist(), day)
    told = told.assign(month=month, day=day, tier=rows["tier"].to_numpy(), group=group)
    return told.assign(profit=true_profit(told))


def true_profit(told: pd.DataFrame) -> pd.Series:
    """Expected profit of each contact over the luck of saves and offers, given who leaves and what they would bring."""
    offer, take_up, contact = (
        told["action"].map({a.name: getattr(a, name) for a in RETAIL_ACTIONS}).astype(float)
        for name in ("offer", "take_up", "contact")
    )
    brought = told["save_probability"] * (told["money_saved"] - told["money_alone"] - offer)
    return brought.where(told["leaves"], -take_up * offer) - contact


def profits(years: list[dict[str, Year]]) -> Iterator[list[str]]:
    """One line per policy."""
    for name in years[0]:
        lived_by = [year[name] for year in years]
        done = pd.concat([year.contacts[year.contacts["group"] == "contact"] for year in lived_by])
        by_month, shops = monthly(years, name), len(years)
        more = "" if name == CLOSED else _interval(monthly(years, CLOSED) - by_month)
        yield [
            name,
            f"{len(done) / by_month.size:.0f}",
            f"{done['cost'].sum() / shops:,.0f}",
            f"{done['saved'].sum() / shops:,.0f}",
            f"{by_month.sum() / shops:,.0f}",
            f"{sum(year.to_the_end for year in lived_by) / shops:,.0f}",
            more,
        ]


def monthly(years: list[dict[str, Year]], name: str) -> NDArray[np.float64]:
    """True profit of a policy by shop and month."""
    found = []
    for year in years:
        rows = year[name].contacts
        of_month = rows[rows["group"] == "contact"].groupby("month")["profit"].sum()
        found.append(of_month.reindex(range(rows["month"].max() + 1), fill_value=0.0).to_numpy())
    return np.array(found)


def true_rates(year: Year, seed: int) -> pd.DataFrame:
    """Save rates that were learned, beside the true ones of the customers listed: the share of leavers saved."""
    leavers = year.contacts[year.contacts["leaves"]]
    true = leavers.groupby(["action", "tier"])["save_probability"].agg(true="mean", leavers="size").reset_index()
    names = [*(field.name for field in fields(SaveRate)), "learned"]
    learned = pd.DataFrame([{**vars(rate), "learned": rate.mean} for rate in year.learned.save_rates], columns=names)
    low_80, high_80 = stats.beta.interval(0.8, learned["alpha"], learned["beta"])
    return learned.assign(shop=seed, low_80=low_80, high_80=high_80).merge(true, on=["action", "tier"])


def coverage(rates: pd.DataFrame) -> str:
    """How often the intervals hold the truth, and whether measuring came nearer to it than believing did."""
    if rates.empty:
        return "No save rate is learned yet: no list is mature, or the holdouts are too small."
    inside = rates["true"].between(rates["low"], rates["high"]).sum()
    inside_80 = rates["true"].between(rates["low_80"], rates["high_80"]).sum()
    believed = rates["action"].map({a.name: a.prior[0] / sum(a.prior) for a in RETAIL_ACTIONS}).astype(float)
    off, before = (
        np.average((rate - rates["true"]).abs(), weights=rates["leavers"]) for rate in (rates["learned"], believed)
    )
    return (
        f"Of {len(rates)} learned save rates, the 95 % interval holds the truth for {inside}, the 80 % interval for "
        f"{inside_80}; mean absolute error {off:.3f}, of the beliefs before {before:.3f}."
    )


def _rate_lines(rates: pd.DataFrame) -> Iterator[list[str]]:
    for row in rates.to_dict("records"):
        figures = [f"{row[name]:.2f}" for name in ("true", "learned")]
        span = f"{row['low']:.2f} to {row['high']:.2f}"
        yield [str(row["shop"]), row["action"], row["tier"], f"{row['leavers']:,}", *figures, span]


def _year(world: World, told: list[pd.DataFrame], learned: Learned) -> Year:
    contacts = pd.concat(told, ignore_index=True)
    begin, end = world.settings.end, world.end
    more = world.money(begin, end) - world.untouched().money(begin, end)
    return Year(contacts, more - contacts.loc[contacts["group"] == "contact", "cost"].sum(), learned)


def _resting(told: list[pd.DataFrame], day: date) -> list[str]:
    """Who was listed too short a while ago, contacted or not."""
    if not told:
        return []
    touches = pd.concat(told)[["customer_id", "action", "day"]].rename(columns={"day": "since"})
    return resting(touches, dict.fromkeys(CAPACITIES, REST), day).tolist()


def _interval(differences: NDArray[np.float64]) -> str:
    """Mean over shops and months with Student's 95 % interval."""
    mean, half = differences.mean(), stats.t.ppf(0.975, differences.size - 1) * stats.sem(differences, axis=None)
    return f"{mean:+,.0f} ({mean - half:+,.0f} to {mean + half:+,.0f})"


def _minutes(begin: float) -> str:
    return f"{(time.perf_counter() - begin) / 60:.0f}"


if __name__ == "__main__":
    main()
