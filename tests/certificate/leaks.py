"""Ways in which a panel can see the future, each as a builder that a careless hand might write."""

from dataclasses import replace
from datetime import timedelta

import narwhals as nw
import numpy as np
import pyarrow as pa

from hvc_ml.dataset.build import compute
from hvc_ml.dataset.repeat_buying import repeat_buying_at, repeat_spend_at
from hvc_ml.features.compute import features_at
from hvc_ml.population import active_within, population_at
from hvc_ml.timeline.days import as_date, day_number
from hvc_ml.timeline.future import future
from hvc_ml.timeline.history import history

COLUMNS = {}
"""Name -> ``peek(tables, cutoff)``: a frame of customer_id and leak."""


def column(peek):
    """A leak that is one more column of the panel."""
    COLUMNS[peek.__name__] = peek
    return peek


def all_columns(engine, honest):
    """A builder whose panel has every column that peeks, beside the honest ones."""

    def build(tables, cutoff):
        made = honest(tables, cutoff)
        panel = made.panel
        for name, peek in COLUMNS.items():
            seen = engine.arrow(peek(tables, cutoff)).to_pandas()
            leak = made.panel.select(["customer_id"]).to_pandas().merge(seen, on="customer_id", how="left")["leak"]
            panel = panel.append_column(name, pa.array(leak.astype(float)))
        return replace(made, panel=panel)

    return build


def summed(frame, expression):
    return frame.group_by("customer_id").agg(leak=expression)


@column
def spend_of_the_next_month(tables, cutoff):
    return summed(future(tables.orders, cutoff, 30), nw.col("amount").sum())


@column
def spend_of_the_whole_log(tables, cutoff):
    return summed(tables.orders, nw.col("amount").sum())


@column
def an_order_at_the_cutoff_itself(tables, cutoff):
    return summed(tables.orders.filter(nw.col("day") <= day_number(cutoff)), nw.col("amount").sum())


@column
def rows_that_arrived_later(tables, cutoff):
    return summed(tables.orders.filter(nw.col("day") < day_number(cutoff)), nw.col("amount").sum())


@column
def rows_that_arrived_on_the_cutoff(tables, cutoff):
    now = day_number(cutoff)
    return summed(tables.orders.filter(nw.col("day") < now, nw.col("known_day") <= now), nw.col("amount").sum())


@column
def the_day_a_contract_will_end(tables, cutoff):
    begun = tables.contracts.filter(nw.col("day") < day_number(cutoff), nw.col("known_day") < day_number(cutoff))
    return summed(begun, nw.col("end_day").max())


@column
def spend_beside_the_mean_of_the_whole_log(tables, cutoff):
    mean = nw.col("amount").mean().over("all")
    past = tables.orders.with_columns(all=nw.lit(1)).with_columns(mean=mean)
    return summed(history(past, cutoff), nw.col("amount").sum().cast(nw.Float64) / nw.col("mean").max())


@column
def what_is_known_of_a_customer_by_now(tables, cutoff):
    return summed(tables.customers, nw.col("age_then").max())


@column
def visits_of_the_next_week(tables, cutoff):
    return summed(future(tables.events, cutoff, 7), nw.col("kind").count())


@column
def products_ever_bought(tables, cutoff):
    return summed(tables.items, nw.col("product_id").n_unique())


@column
def days_until_the_log_ends(tables, cutoff):
    left = tables.end_day - day_number(cutoff)
    return tables.orders.select("customer_id").unique().with_columns(leak=nw.lit(left))


@column
def number_of_rows_of_the_log(tables, cutoff):
    counted = tables.orders.with_columns(all=nw.lit(1)).with_columns(n=nw.col("day").count().over("all"))
    return summed(counted, nw.col("n").max())


@column
def unknown_gaps_filled_with_the_next_one(tables, cutoff):
    now = day_number(cutoff)
    ahead = summed(future(tables.orders, cutoff, 999), nw.col("day").min() - now)
    once = history(tables.orders, cutoff).group_by("customer_id").agg(n=nw.len()).filter(nw.col("n") == 1)
    return once.select("customer_id").join(ahead, on="customer_id", how="inner")


def arrival_ignored_everywhere(engine, plan, honest):
    return lambda tables, cutoff: honest(replace(tables, orders=tables.orders.drop("known_day")), cutoff)


def a_cutoff_one_day_late(engine, plan, honest):
    features = tuple(f for f in plan.features if f.family != "profile")
    return lambda tables, cutoff: compute(engine, tables, cutoff + timedelta(days=1), replace(plan, features=features))


def customers_who_come_back(engine, plan, honest):
    """Features are clean; who has a row is not."""

    def build(tables, cutoff):
        customers = engine.materialise(population_at(tables, cutoff + timedelta(days=30), 200), "population")
        found = engine.arrow(features_at(customers, tables, cutoff, plan.features).sort("customer_id"))
        return replace(honest(tables, cutoff), panel=found)

    return build


def a_window_from_the_whole_log(engine, plan, honest):
    def build(tables, cutoff):
        days = active_within(tables, as_date(tables.end_day), plan.population, plan.labels.horizon)
        customers = engine.materialise(population_at(tables, cutoff, days), "population")
        found = engine.arrow(features_at(customers, tables, cutoff, plan.features).sort("customer_id"))
        return replace(honest(tables, cutoff), panel=found)

    return build


def a_prior_fitted_on_later_counts(engine, plan, honest):
    def build(tables, cutoff):
        later = engine.arrow(repeat_buying_at(tables, cutoff + timedelta(days=30)))
        return replace(honest(tables, cutoff), repeat_buying=later)

    return build


def a_prior_fitted_on_later_spend(engine, plan, honest):
    def build(tables, cutoff):
        later = engine.arrow(repeat_spend_at(tables, cutoff + timedelta(days=30)))
        return replace(honest(tables, cutoff), repeat_spend=later)

    return build


def the_last_bit_of_one_customer(engine, plan, honest):
    """One figure of one customer is one bit larger if that customer comes back."""

    def build(tables, cutoff):
        made = honest(tables, cutoff)
        back = set(engine.arrow(future(tables.orders, cutoff, 90).select("customer_id"))["customer_id"].to_pylist())
        panel = made.panel.to_pandas()
        first = panel.index == 0
        comes = panel["customer_id"].isin(back)
        spend = panel["spend_lifetime"]
        leak = np.where(first & comes, np.nextafter(spend, np.inf), spend)
        place = made.panel.column_names.index("spend_lifetime")
        return replace(made, panel=made.panel.set_column(place, "spend_lifetime", pa.array(leak, pa.float64())))

    return build


PEOPLE = ("panel", "customer_id")
OTHERS = {
    "arrival ignored everywhere": (arrival_ignored_everywhere, ("panel", "spend_lifetime")),
    "a cutoff one day late": (a_cutoff_one_day_late, ("panel", "days_since_last_order")),
    "customers who come back": (customers_who_come_back, PEOPLE),
    "a window from the whole log": (a_window_from_the_whole_log, PEOPLE),
    "a prior fitted on later counts": (a_prior_fitted_on_later_counts, ("repeat_buying", "rows")),
    "a prior fitted on later spend": (a_prior_fitted_on_later_spend, ("repeat_spend", "rows")),
    "the last bit of one customer": (the_last_bit_of_one_customer, ("panel", "spend_lifetime")),
}
"""Name -> the leak, and where it must be found."""
