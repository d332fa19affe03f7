"""The chapter of the watch: promises beside outcomes, the newest first, and one honest sentence where there is no past."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import DataError
from hvc_ml.monitoring.ledger import LEDGER, Ledger, Realised
from hvc_ml.workflows import book_watch as module
from hvc_ml.workflows.book_watch import HEAD, watch
from hvc_ml.workflows.monitor_entries import promised

CONFIG = """
name: shop
source: {kind: files, paths: {orders: o.csv}}
tables: {orders: {columns: {customer_id: c, ordered_at: d, amount: a}}}
labels: {horizon: 90, settle: 14}
"""
CAME = Realised(
    counted="everyone",
    n=4,
    churn_rate=0.25,
    churn_gap=0.05,
    churn_gap_error=0.01,
    promised_auc=0.8,
    auc=0.79,
    auc_low=0.7,
    auc_high=0.9,
    brier=0.1,
    ece=0.02,
    coverage=0.78,
    coverage_error=0.01,
    value=1000.0,
    value_bias=0.1,
    value_gini=0.7,
)


def scores(*risks):
    ids = [f"c{i}" for i in range(len(risks))]
    return pd.DataFrame({"customer_id": ids, "churn_risk": risks, "value_at_risk": 10.0, "future_value": 50.0})


def rows(**gains):
    return pd.DataFrame({"customer_id": list(gains), "expected_gain": list(gains.values())})


def meta(cutoff, gain, **more):
    said = {"cutoff": cutoff, "horizon": 90, "currency": "EUR", "model_version": "1", "model_sha256": "one"}
    return said | {"n_scored": 4, "n_listed": 2, "n_holdout": 0, "total_expected_gain": gain} | more


NOW = meta("2026-01-01", 82.0)
LISTED, EVERYONE = rows(c0=50.0, c3=32.0), scores(0.2, 0.4, 0.6, 0.8)


def entry(cutoff, gain=100.0, **more):
    return replace(promised(meta(cutoff, gain), EVERYONE), name=cutoff, **more)


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "hvc.yaml").write_text(CONFIG)
    panel = pa.table({"customer_id": EVERYONE["customer_id"].tolist()})
    return SimpleNamespace(project=load_config(tmp_path), panel=lambda _: panel)


def keep(shop, *entries):
    shop.project.monitoring.mkdir(exist_ok=True)
    Ledger(entries).write(shop.project.monitoring / LEDGER)


def chapter(shop, said=NOW):
    return watch(shop, said, LISTED, EVERYONE)


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_the_first_list_says_when_it_can_be_held_against_what_came(shop):
    found = chapter(shop)
    assert (found.tables, found.charts, found.points) == ((), (), ())
    (line,) = found.lines
    assert "holds no list before this one" in line
    assert "2026-04-15" in line  # 90 days and 14 of settling


def test_lists_are_told_the_newest_first_with_what_came_beside_what_was_forecast(shop):
    keep(shop, entry("2025-09-01", realised=CAME, alerts=("AUC fell.",)), entry("2025-12-01", 90.0))
    found = chapter(shop)
    (table,) = found.tables
    assert table.head == HEAD
    assert [row[0] for row in texts(table)] == ["2026-01-01", "2025-12-01", "2025-09-01"]
    assert texts(table)[0][2:4] == ["50.0 %", "not yet"]
    assert texts(table)[2] == ["2025-09-01", "100 EUR", "30.0 %", "25.0 %", "0.750", "0.790", "78 %", "1"]
    assert table.rows[2][-1].tone == "bad"
    assert any("30.0 % were forecast to leave, 25.0 % left; 1,100 EUR were forecast" in line for line in found.lines)
    assert "Share who leave" in [chart.title for chart in found.charts]


def test_charts_hold_only_what_at_least_two_lists_know(shop):
    keep(shop, entry("2025-09-01", realised=CAME), entry("2025-12-01", 90.0))
    titles = [chart.title for chart in chapter(shop).charts]
    assert titles[0] == "Expected gain of each list, EUR"
    assert "Outcomes inside their interval" not in titles  # one list has matured
    keep(shop, entry("2025-09-01", realised=CAME), entry("2025-10-01", realised=CAME))
    found = {chart.title: chart.figure for chart in chapter(shop).charts}
    spans = {figure.axes[0].get_xlim() for figure in found.values()}
    assert "Outcomes inside their interval" in found
    assert len(spans) == 1  # the same days in every figure


def test_lists_after_this_one_are_not_told(shop):
    keep(shop, entry("2025-12-01"), entry("2026-02-01"))
    assert [row[0] for row in texts(chapter(shop).tables[0])] == ["2026-01-01", "2025-12-01"]


def test_what_the_watch_said_of_this_very_list_is_told(shop):
    own = entry("2026-01-01", 82.0, drifted=(), alerts=("This list's expected gain is down 18%: ...",))
    keep(shop, entry("2025-12-01"), own)
    found = chapter(shop)
    assert found.points == (("What the watch found beyond its limit", own.alerts),)
    assert not any("has not looked" in line or "nothing beyond" in line for line in found.lines)
    keep(shop, entry("2025-12-01"), replace(own, alerts=(), gain_says="Up and up."))
    assert chapter(shop).lines[:2] == (
        "Up and up.",
        "The watch looked at this list, and found nothing beyond its limit.",
    )
    keep(shop, entry("2025-12-01"), replace(own, expected_gain=81.0))  # another list of the same day
    assert any("has not looked at this list yet" in line for line in chapter(shop).lines)


class Before:
    """The list before: its manifest, its rows."""

    def __init__(self, sha="one", *, broken=False):
        self.meta = meta("2025-12-01", 100.0, model_sha256=sha, model_version="0")
        self.broken = broken

    def rows(self):
        if self.broken:
            raise DataError("changed since")
        return rows(c0=60.0, c1=40.0)

    def scores(self):
        return EVERYONE


def test_a_fall_of_expected_gain_is_told_in_money_before_the_watch_has_looked(shop, monkeypatch):
    keep(shop, entry("2025-12-01"))
    monkeypatch.setattr(module, "list_before", lambda *_: Before())
    assert chapter(shop).lines[0].startswith("This list's expected gain is down 18%: 82 EUR after 100 EUR.")
    monkeypatch.setattr(module, "list_before", lambda *_: Before("another"))
    assert chapter(shop).lines[0].endswith("The figures hold the model's share, too: version 1 after 0.")
    monkeypatch.setattr(module, "list_before", lambda *_: Before(broken=True))
    assert "has not looked" in chapter(shop).lines[0]


def test_a_damaged_ledger_holds_no_book_up(shop):
    shop.project.monitoring.mkdir()
    (shop.project.monitoring / LEDGER).write_text("{")
    assert "holds no list before this one" in chapter(shop).lines[0]


def test_a_ledger_written_before_the_watch_kept_its_words_is_read(tmp_path):
    kept = entry("2025-12-01", drifted=("spend_30d",), alerts=("far",), gain_says="why")
    Ledger((kept,)).write(tmp_path / LEDGER)
    assert Ledger.read(tmp_path / LEDGER).entries == (kept,)
    text = (tmp_path / LEDGER).read_text()
    older = text.replace('   "alerts": [\n    "far"\n   ],\n', "").replace('   "gain_says": "why",\n', "")
    assert older.count("alerts") == older.count("gain_says") == 0
    (tmp_path / LEDGER).write_text(older)
    assert Ledger.read(tmp_path / LEDGER).entries == (replace(kept, alerts=None, gain_says=""),)
    assert kept.day == date(2025, 12, 1)
