"""Data that stopped arriving look like churn: they are refused by their figures."""

import csv
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import DataError
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST
from hvc_ml.workflows.arrivals import refuse_collapsed, today
from hvc_ml.workflows.check import check
from hvc_ml.workflows.shop import open_shop

DAY = datetime.now(UTC).date()
HEAD = "customer,day,total\n"
LAST = {"meta": {"cutoff": "2024-03-02", "rows": {"orders": 100}}}
CONFIG = """
name: shop
source: {{kind: files, paths: {{orders: orders.csv}}}}
tables:
  orders:
    columns: {{customer_id: customer, ordered_at: day, amount: total}}
    {more}
resources: {{memory: 1GB, threads: 1}}
"""


def project(folder, rows, more=""):
    (folder / "orders.csv").write_text(HEAD + "".join(rows))
    (folder / "hvc.yaml").write_text(CONFIG.format(more=more))
    return load_config(folder / "hvc.yaml")


def opened(found):
    with open_shop(found, Stages()) as shop:
        refuse_collapsed(found, shop.reports, shop.now)
        return shop.now


def rows(n, day="2024-03-01"):
    return [f"c{i},{day},{i + 1}\n" for i in range(n)]


def published(folder, meta):
    latest = folder / "lists" / "latest"
    latest.mkdir(parents=True)
    (latest / MANIFEST).write_text(json.dumps(meta))


def test_a_newest_row_older_than_asked_is_refused_with_its_day(tmp_path):
    with pytest.raises(DataError, match=r"newest row is of 2024-03-01, .* days ago; tables.orders.max_age is 30"):
        opened(project(tmp_path, rows(5), "max_age: 30"))


def test_data_of_any_age_are_taken_where_no_age_is_asked(tmp_path):
    assert opened(project(tmp_path, rows(5))) == date(2024, 3, 2)


def test_the_newest_row_may_be_exactly_as_old_as_asked(tmp_path):
    found = project(tmp_path, rows(5, (DAY - timedelta(days=30)).isoformat()), "max_age: 31")
    assert opened(found) <= today(found)


def test_rows_later_than_today_are_refused(tmp_path):
    later = (DAY + timedelta(days=3)).isoformat()
    with pytest.raises(DataError, match="later than today"):
        opened(project(tmp_path, [*rows(5), f"c9,{later},4\n"]))


@pytest.mark.parametrize(("now", "refused"), [(49, True), (50, False), (100, False)])
def test_a_table_that_lost_half_of_its_rows_is_refused(tmp_path, now, refused):
    found = project(tmp_path, rows(now))
    published(tmp_path, LAST)
    if refused:
        with pytest.raises(DataError, match=r"orders: 49 rows, and the last list was made from 100"):
            opened(found)
    else:
        opened(found)


@pytest.mark.parametrize("meta", [{}, {"meta": {"rows": None}}, {"meta": 3}, [], {"meta": {"rows": {"orders": "x"}}}])
def test_a_last_list_that_does_not_say_refuses_nothing(tmp_path, meta):
    found = project(tmp_path, rows(3))
    published(tmp_path, meta)
    opened(found)


def test_who_looks_back_in_time_may_have_less(tmp_path):
    found = project(tmp_path, rows(3, "2024-02-28"))
    published(tmp_path, LAST)
    opened(found)


def test_check_says_what_was_lost(tmp_path):
    found = project(tmp_path, rows(49))
    published(tmp_path, LAST)
    assert any("last list was made from 100" in p for p in check(found, strict=False, stages=Stages()).problems)


def test_less_is_taken_where_the_config_says_so(tmp_path):
    found = project(tmp_path, rows(3), "max_shrink: 1.0")
    published(tmp_path, LAST)
    opened(found)


def test_rows_at_fault_are_kept_for_their_owner_and_forgotten_when_mended(tmp_path):
    path = tmp_path / ".hvc-ml" / "rejected.csv"
    with pytest.raises(DataError, match=r"rows at fault are in .*rejected\.csv"):
        opened(project(tmp_path, [*rows(3), "c7,2024-03-01,=1+1\n"]))
    with path.open(newline="") as stream:
        found = list(csv.reader(stream))
    assert found[1][-3:] == ["c7", "2024-03-01", "'=1+1"]
    assert path.stat().st_mode & 0o777 == 0o600
    opened(project(tmp_path, rows(3)))
    assert not path.exists()


def test_rows_at_fault_below_the_limit_are_kept_too(tmp_path):
    opened(project(tmp_path, [*rows(3), "c7,2024-03-01,x\n"], "max_rejected: 0.5"))
    assert (tmp_path / ".hvc-ml" / "rejected.csv").is_file()


def test_a_place_that_cannot_be_written_does_not_hide_what_is_wrong_with_the_data(tmp_path):
    (tmp_path / ".hvc-ml").write_text("")
    with pytest.raises(DataError, match="not a number"):
        opened(project(tmp_path, ["c7,2024-03-01,x\n"]))


def test_check_says_how_many_days_ago_the_newest_order_was(tmp_path):
    day = DAY - timedelta(days=10)
    found = check(project(tmp_path, rows(40, day.isoformat())), strict=False, stages=Stages())
    assert found.as_json()["span"]["newest_days_ago"] in {9, 10, 11}  # the business may be in another day than we
