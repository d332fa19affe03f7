"""What `profile` prints."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app

DAYS = pd.date_range("2024-01-01", "2024-12-31", freq="D")
CONFIG = """
name: shop
source: {kind: files, paths: {orders: orders.csv, customers: customers.csv}}
tables:
  orders: {columns: {customer_id: customer, ordered_at: day, amount: total}}
  customers: {columns: {customer_id: customer, town: town}}
labels: {horizon: 30, settle: 0}
profile: {by: [town], serve: {ticket: 3}}
resources: {memory: 1GB, threads: 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A hundred customers in eight towns; the first twenty buy each week, the others now and then."""
    made = tmp_path_factory.mktemp("shop")
    often = [(c, d, 50) for c in range(20) for d in DAYS[c % 7 :: 7]]
    rarely = [(c, d, 10 + c % 5) for c in range(20, 100) for d in DAYS[c :: 40 + c]]
    orders = pd.DataFrame([*often, *rarely], columns=["customer", "day", "total"])
    orders.assign(customer=orders["customer"].map("c{:03d}".format)).to_csv(made / "orders.csv", index=False)
    towns = pd.DataFrame({"customer": [f"c{c:03d}" for c in range(100)], "town": [f"town {c % 8}" for c in range(100)]})
    towns.to_csv(made / "customers.csv", index=False)
    (made / "hvc.yaml").write_text(CONFIG)
    return made


def told(folder, *argv):
    result = CliRunner().invoke(app, ["profile", "-c", str(folder), *argv], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_it_tells_every_part_in_words(folder, tmp_path):
    text = told(folder, "--to", str(tmp_path / "out"))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].endswith("High-value are those who together bring 80 % of the money of 12 months.")
    assert any(line.startswith("Priority ") for line in lines)
    assert any(line.startswith("whole log 2024-01-01 to 2025-01-01 100 ") for line in lines)
    assert "The value of 12 months is what was spent: no discounts, costs or referrals are known." in lines
    assert any(line.startswith("churned ") for line in lines)
    assert "(2 more: --to FOLDER or --json)" in lines  # of eight towns six are shown
    assert "Into Priority:" in lines
    assert any(line.startswith("second order ") for line in lines)
    assert any(line.startswith("over 730 days 0 ") for line in lines)
    assert "profile.serve: no event of kind 'ticket' in the log (kinds: none)." in lines
    assert not any(line.startswith("Advocates") for line in lines)
    assert lines[-1] == f"Tables and charts: {(tmp_path / 'out').resolve()}"


def test_json_is_one_object_with_every_part(folder):
    found = json.loads(told(folder, "--json", "--cutoff", "2024-12-01"))
    assert found["cutoff"] == "2024-12-01"
    assert found["high_value"]["rule"] == "value_share"
    assert found["advocates"] == []
    assert found["written"] is None
    assert found["concentration"]["whole_log"]["share_for_80"] <= 0.25
    assert {"groups", "value", "whale_curve", "kpis", "contrast", "migration", "journeys", "win_back"} <= set(found)


def test_early_in_the_log_nobody_has_moved_yet(folder):
    text = told(folder, "--cutoff", "2024-01-20")
    assert "The orders do not reach back far enough to see who moved between tiers." in text
    assert "never" in text


def test_a_demo_has_parts_of_value_and_advocates(tmp_path):
    made = CliRunner().invoke(app, ["demo", str(tmp_path / "d"), "--customers", "200", "--data-only", "--json"])
    assert made.exit_code == 0
    text = told(tmp_path / "d")
    assert "list price" in text
    assert "Advocates: last survey answered with 9 or 10, or somebody referred." in text
