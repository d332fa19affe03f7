"""The ledger is read as it was written, holds one entry per list, and no customer."""

from dataclasses import replace

import pytest

from hvc_ml.errors import DataError
from hvc_ml.monitoring.ledger import LEDGER, Ledger
from monitoring.test_alerts import ENTRY


def test_it_is_read_as_it_was_written(tmp_path):
    ledger = Ledger((ENTRY, replace(ENTRY, name="m", realised=None, drifted=None, expected_auc=None)))
    ledger.write(tmp_path / LEDGER)
    before = (tmp_path / LEDGER).read_bytes()
    assert Ledger.read(tmp_path / LEDGER) == ledger
    Ledger.read(tmp_path / LEDGER).write(tmp_path / LEDGER)
    assert (tmp_path / LEDGER).read_bytes() == before
    assert Ledger.read(tmp_path / "none.json") == Ledger()


def test_a_list_has_one_entry_and_a_day_shows_its_last_list():
    first, second = replace(ENTRY, name="zz"), replace(ENTRY, name="aa", n_listed=7)
    earlier = replace(ENTRY, name="old", cutoff="2025-12-01")
    ledger = Ledger().with_entry(first).with_entry(second).with_entry(earlier).with_entry(replace(first, n_listed=3))
    assert [entry.name for entry in ledger.entries] == ["zz", "aa", "old"]
    assert ledger.get("zz").n_listed == 3
    assert ledger.get("nobody") is None
    assert [entry.name for entry in ledger.by_day()] == ["old", "aa"]
    assert ledger.by_day()[0].day.year == 2025


@pytest.mark.parametrize("content", ["", "{}", '{"ledger_1": [{"name": "x"}]}', '{"ledger_1": 7}'])
def test_a_damaged_ledger_says_what_to_do(tmp_path, content):
    (tmp_path / LEDGER).write_text(content)
    with pytest.raises(DataError, match="made anew from the lists"):
        Ledger.read(tmp_path / LEDGER)
