"""A shop whose lists are made by hand, so that what was earned can be counted: 400 customers, one order each before."""

from datetime import date, timedelta

import pandas as pd

from hvc_ml.config import load_config
from hvc_ml.publish import publish_directory

CONFIG = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables:
  orders:
    columns: {customer_id: customer, ordered_at: day, amount: total, order_id: order}
population: {active_within: all}
labels: {horizon: 30, settle: 5}
playbook:
  actions:
    - {name: call, contact_cost: 1.0, save_rate_prior: [6, 14]}
    - {name: =mail, contact_cost: 0.1}
resources: {memory: 1GB}
"""
CUTOFF = date(2024, 3, 1)
IDS = [f"c{i:03d}" for i in range(400)]
HELD = 100
MONEY = 10.0


def orders(cutoffs, stays, last=date(2024, 12, 1)):
    """Everyone's order in January; after each cutoff one of those who stayed; and one on the last day."""
    rows = [(c, "2024-01-10", MONEY) for c in IDS]
    for cutoff in cutoffs:
        day = (cutoff + timedelta(days=9)).isoformat()
        rows += [(c, day, MONEY) for c, stayed in zip(IDS, stays, strict=True) if stayed]
    rows.append(("other", last.isoformat(), MONEY))
    return pd.DataFrame(rows, columns=["customer", "day", "total"]).assign(order=range(len(rows)))


def usual(i):
    """The first hundred are held out: half of them stay; of the 300 others 70 % do."""
    return i % 2 == 0 if i < HELD else i % 10 < 7


def shop(folder, *, cutoffs=(CUTOFF,), stays=None, last=date(2024, 12, 1), config=CONFIG):
    folder.mkdir(parents=True, exist_ok=True)
    stays = [usual(i) for i in range(400)] if stays is None else stays
    orders(cutoffs, stays, last).to_csv(folder / "orders.csv", index=False)
    (folder / "hvc.yaml").write_text(config)
    project = load_config(folder / "hvc.yaml")
    for cutoff in cutoffs:
        publish(project, cutoff)
    return project


def rows(cutoff=CUTOFF, listed=400):
    found = pd.DataFrame({"customer_id": IDS, "churn_risk": 0.4})
    found["tier"] = ["Gold" if i % 4 else "Mass" for i in range(400)]
    found["action"] = ["call" if i % 2 == 0 or i < HELD else "=mail" for i in range(400)]
    found["group"] = ["holdout" if i < HELD else "contact" for i in range(400)]
    found = found.assign(rank=range(1, 401), value_if_kept=10.0, future_value=6.0, value_at_risk=4.0, expected_gain=1.0)
    return found.assign(cutoff=cutoff.isoformat()).head(listed)


def publish(project, cutoff=CUTOFF, *, run="aaaa", share=0.25, listed=400, formats=("parquet",)):
    """A list of the first customers, with everyone scored."""
    plan = rows(cutoff, listed)
    meta = {
        "cutoff": cutoff.isoformat(),
        "horizon": 30,
        "playbook": project.config.playbook.model_dump(mode="json"),
        "list": {"holdout": share},
    }
    target = project.lists / f"{cutoff.isoformat()}_{run}"
    with publish_directory(target, meta=meta) as staging:
        if "parquet" in formats:
            plan.to_parquet(staging / "retention_list.parquet", index=False)
        if "csv" in formats:
            safe = plan.assign(action=plan["action"].replace("=mail", "'=mail"))
            safe.to_csv(staging / "retention_list.csv", index=False)
        if "xlsx" in formats:
            write_workbook(plan, staging / "retention_list.xlsx")
        rows(cutoff).drop(columns=["action", "group", "rank"]).to_parquet(staging / "scores.parquet", index=False)
    return target


def write_workbook(frame, path):
    """A workbook whose texts are texts, as the list's own."""
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_formulas": False}}) as book:
        frame.to_excel(book, index=False)


def contact_group():
    return pd.DataFrame({"customer_id": IDS[HELD:]})
