"""Days are days of the business, however a time is written and wherever the machine stands."""

import datetime as dt
import time

import pyarrow as pa
import pytest

from hvc_ml.errors import DataError
from hvc_ml.tables.sources import Source
from made.logs import PLAIN, as_parquet, day


@pytest.mark.parametrize(
    ("zone", "written_as", "local_day"),
    [
        ("Europe/London", "2011-06-01T23:30:00Z", "2011-06-02"),
        ("Europe/London", "2011-12-01T23:30:00Z", "2011-12-01"),
        ("America/New_York", "2011-06-01T03:59:59+00:00", "2011-05-31"),
        ("America/New_York", "2011-06-01 00:30", "2011-06-01"),  # no offset: local already
        ("Asia/Kolkata", "2011-06-01 20:00:00.123456-0200", "2011-06-02"),
        ("UTC", "2011-06-01 00:30:00+02", "2011-05-31"),
        ("Pacific/Auckland", "2011-06-01", "2011-06-01"),
        ("UTC", "2011/06/01 10:00", "2011-06-01"),
        ("UTC", " 2011-06-01 ", "2011-06-01"),
        ("UTC", "1969-12-31 23:59:59", "1969-12-31"),
    ],
)
def test_days_are_days_of_the_business(shop, zone, written_as, local_day):
    with shop(f"customer,date,amount\nx,{written_as},1\n", timezone=zone) as found:
        assert found.rows()[0]["day"] == day(local_day)


def test_aware_timestamps_in_parquet_are_converted_and_naive_ones_are_not(loaded, tmp_path):
    moment = dt.datetime(2011, 6, 1, 23, 30)
    for zone, column, expected in (
        ("Europe/London", pa.array([moment], pa.timestamp("us", "UTC")), "2011-06-02"),
        ("Europe/London", pa.array([moment], pa.timestamp("ns")), "2011-06-01"),
        ("Europe/London", pa.array([moment], pa.timestamp("s")), "2011-06-01"),
        ("Europe/London", pa.array([moment], pa.timestamp("ms")), "2011-06-01"),
        ("Asia/Tokyo", pa.array([moment.date()], pa.date32()), "2011-06-01"),
    ):
        as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": column, "amount": [1]})
        with loaded(tmp_path, Source(paths={"orders": "o.parquet"}), timezone=zone, orders={"columns": PLAIN}) as found:
            assert found.rows()[0]["day"] == day(expected)


def test_the_machines_time_zone_has_no_effect(shop, monkeypatch):
    prints = set()
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        with shop(
            "customer,date,amount\nx,2011-06-01 00:30,1\ny,2011-06-01T23:30:00Z,2\n", timezone="Europe/London"
        ) as found:
            prints.add(found.fingerprint())
    monkeypatch.undo()
    time.tzset()
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("form", "written_as", "expected"),
    [
        ("%d.%m.%Y", "03.04.2011", "2011-04-03"),
        ("%m/%d/%Y", "03/04/2011", "2011-03-04"),
        ("%d/%m/%Y %H:%M", "03/04/2011 23:59", "2011-04-03"),
        ("%Y%m%d", "20110403", "2011-04-03"),
        ("%Y-%m-%d %H:%M:%S %z", "2011-04-03 23:30:00 +0000", "2011-04-04"),
        ("%d %b %Y", "3 Apr 2011", "2011-04-03"),
    ],
)
def test_a_declared_format_is_obeyed(shop, form, written_as, expected):
    with shop(f"customer,date,amount\nx,{written_as},1\n", date_format=form, timezone="Europe/Berlin") as found:
        assert found.rows()[0]["day"] == day(expected)


def test_numbers_as_dates_need_a_format(loaded, tmp_path):
    as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": [20110403], "amount": [1]})
    source = Source(paths={"orders": "o.parquet"})
    with loaded(tmp_path, source, orders={"columns": PLAIN, "date_format": "%Y%m%d"}) as found:
        assert found.rows()[0]["day"] == day("2011-04-03")
    with pytest.raises(DataError, match="date_format"), loaded(tmp_path, source, orders={"columns": PLAIN}):
        pass
