"""What changed since the list before."""

from datetime import date

import pandas as pd

from hvc_ml.explanation.formatting import money
from hvc_ml.progress import Stages
from hvc_ml.workflows.book_since import _table, since
from hvc_ml.workflows.score import Limits, score


def at_risk(**amounts):
    return pd.DataFrame({"customer_id": list(amounts), "value_at_risk": list(amounts.values())})


def test_those_who_left_stayed_and_came_add_up_to_the_change_of_all():
    table = _table(at_risk(ann=100.0, bob=40.25), at_risk(bob=50.0, cyd=7.5), "EUR")
    assert [[c.text for c in row] for row in table.rows] == [
        ["left", "1", "100 EUR", "0 EUR", "-100 EUR"],
        ["stayed", "1", "40.25 EUR", "50 EUR", "9.75 EUR"],
        ["came", "1", "0 EUR", "7.50 EUR", "7.50 EUR"],
        ["all", "2", "140 EUR", "57.50 EUR", "-82.75 EUR"],
    ]


def test_the_list_before_is_the_newest_of_an_earlier_cutoff(copied):
    earlier = score(copied, cutoff=date(2025, 10, 1), limits=Limits(), stages=Stages())
    now = pd.read_parquet((copied.lists / "latest").resolve() / "scores.parquet")
    (chapter,) = since(copied, date(2026, 1, 1), now, "EUR")
    assert "2025-10-01" in chapter.lines[0]
    assert chapter.tables[0].rows[-1][3].text == money(now["value_at_risk"].sum(), "EUR")
    assert since(copied, date(2025, 10, 1), now, "EUR") == ()
    assert since(copied, date(2026, 1, 1), now, "GBP") == ()
    (earlier.list_dir / "scores.parquet").write_bytes(b"other")
    assert since(copied, date(2026, 1, 1), now, "EUR") == ()


def test_a_first_list_has_nothing_to_tell(copied):
    assert since(copied, date(2026, 1, 1), at_risk(), "EUR") == ()
