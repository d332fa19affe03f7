"""Real logs, loaded row by row."""

import pytest

from hvc_ml.errors import DataError
from hvc_ml.tables.sources import Source
from made.logs import day


def test_the_online_retail_log(loaded, shared_data):
    columns = {
        "customer_id": "CustomerID",
        "order_id": "InvoiceNo",
        "ordered_at": "InvoiceDate",
        "amount": "Quantity * UnitPrice",
        "product_id": "StockCode",
    }
    source = Source(paths={"orders": "online-retail/online_retail.parquet"})
    with loaded(
        shared_data, source, timezone="Europe/London", orders={"columns": columns, "drop_anonymous": True}
    ) as found:
        report = found.reports["orders"]
        assert (report.rows, report.reasons) == (541_909, {"anonymous": 135_080})
        ids = {r["customer_id"] for r in found.rows()}
        assert len(ids) == 4_372
        assert "17850" in ids
        assert found.engine.count(found.tables.items) == 406_829
        assert (found.tables.first_day, found.tables.end_day) == (day("2010-12-01"), day("2011-12-10"))
    with (
        pytest.raises(DataError, match="135,080 of 541,909 rows"),
        loaded(shared_data, source, orders={"columns": columns}),
    ):
        pass


def test_the_cdnow_logs(loaded, shared_data):
    master = {
        "columns": {"customer_id": "customer_id", "ordered_at": "date", "amount": "dollar_value"},
        "date_format": "%Y%m%d",
        "delimiter": "whitespace",
    }
    with loaded(shared_data, Source(paths={"orders": "cdnow/CDNOW_master.txt"}), orders=master) as found:
        assert found.reports["orders"].rows == found.reports["orders"].kept == 69_659
        assert len({r["customer_id"] for r in found.rows()}) == 23_570
        assert found.rows()[0]["customer_id"] == "00001"
    sample = {**master, "header": ["master", "customer_id", "date", "cds", "dollar_value"]}
    with loaded(shared_data, Source(paths={"orders": "cdnow/CDNOW_sample.txt"}), orders=sample) as found:
        assert found.reports["orders"].kept == 6_919
        assert len({r["customer_id"] for r in found.rows()}) == 2_357
