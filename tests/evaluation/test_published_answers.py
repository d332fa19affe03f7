"""Figures published beside the real logs, reproduced from the logs."""

import pandas as pd
import pytest

from hvc_ml.evaluation.metrics import value_captured


@pytest.fixture(scope="module")
def cdnow(shared_data):
    path = shared_data / "cdnow" / "CDNOW_master.txt"
    log = pd.read_csv(path, sep=r"\s+", header=0, names=["customer_id", "date", "cds", "amount"])
    past, future = log[log["date"] <= 19970930], log[log["date"] > 19970930]
    customers = pd.Index(sorted(log["customer_id"].unique()))

    def spread(found):
        return found.reindex(customers).fillna(0)

    days = pd.to_datetime(past["date"].astype(str)).groupby(past["customer_id"])
    return {
        "future": spread(future.groupby("customer_id")["amount"].sum()),
        "past spend": spread(past.groupby("customer_id")["amount"].sum()),
        "recency": spread(days.max().astype("int64")),
    }


@pytest.mark.parametrize(("rule", "share"), [("past spend", 0.661), ("recency", 0.645), ("future", 0.939)])
def test_value_captured_on_cdnow(cdnow, rule, share):
    assert value_captured(cdnow["future"], cdnow[rule]) == pytest.approx(share, abs=0.003)


def test_value_captured_on_online_retail_counts_net_negative_customers(shared_data):
    columns = ["CustomerID", "InvoiceDate", "Quantity", "UnitPrice"]
    log = pd.read_parquet(shared_data / "online-retail" / "online_retail.parquet", columns=columns).dropna()
    log["amount"] = log["Quantity"] * log["UnitPrice"]
    past, future = log[log["InvoiceDate"] < "2011-09-11"], log[log["InvoiceDate"] >= "2011-09-11"]
    customers = past["CustomerID"].unique()
    came = future.groupby("CustomerID")["amount"].sum().reindex(customers).fillna(0)
    spent = past.groupby("CustomerID")["amount"].sum().reindex(customers)
    assert len(customers) == 3_412
    assert (came < 0).any()
    assert value_captured(came, spent) == pytest.approx(0.673, abs=0.001)
