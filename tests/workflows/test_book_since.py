"""What changed since the list before."""

import shutil
from datetime import date

import pandas as pd
import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import ModelRefused
from hvc_ml.explanation.formatting import money
from hvc_ml.progress import Stages
from hvc_ml.workflows import book_since as module
from hvc_ml.workflows.book_bridge import Bridge
from hvc_ml.workflows.book_since import _table, since
from hvc_ml.workflows.change import WORDS
from hvc_ml.workflows.past_lists import past_list, past_lists
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop


def at_risk(**amounts):
    return pd.DataFrame({"customer_id": list(amounts), "value_at_risk": list(amounts.values())})


@pytest.fixture(scope="module")
def twice(trained, tmp_path_factory):
    """A shop with a list of October and one of January."""
    folder = tmp_path_factory.mktemp("twice") / "shop"
    shutil.copytree(trained[0].folder, folder, symlinks=True)
    project = load_config(folder / "hvc.yaml")
    score(project, cutoff=date(2025, 10, 1), limits=Limits(), stages=Stages())
    return project


@pytest.fixture(scope="module")
def shop(twice):
    with open_shop(twice, Stages()) as shop:
        yield shop


@pytest.fixture(scope="module")
def newest(twice):
    return past_lists(twice)[-1]


def bars(chapter):
    return [text.get_text() for text in chapter.charts[0].figure.axes[0].texts]


def test_those_who_left_stayed_and_came_add_up_to_the_change_of_all():
    table = _table(at_risk(ann=100.0, bob=40.25), at_risk(bob=50.0, cyd=7.5), "EUR")
    assert [[c.text for c in row] for row in table.rows] == [
        ["left", "1", "100 EUR", "0 EUR", "-100 EUR"],
        ["stayed", "1", "40.25 EUR", "50 EUR", "9.75 EUR"],
        ["came", "1", "0 EUR", "7.50 EUR", "7.50 EUR"],
        ["all", "2", "140 EUR", "57.50 EUR", "-82.75 EUR"],
    ]


def test_the_list_before_is_the_newest_of_an_earlier_cutoff(shop, newest):
    (chapter,) = since(shop, newest.meta, newest.scores())
    assert "2025-10-01" in chapter.lines[0]
    total = money(newest.scores()["value_at_risk"].sum(), "EUR")
    assert chapter.tables[0].rows[-1][3].text == total
    assert bars(chapter)[-1] == total
    ((title, points),) = chapter.points
    assert title == "What moved those who stayed"
    assert [point.split(":")[0] for point in points] == ["time passing", "own behaviour"]


def test_lists_that_measure_something_else_are_not_compared(shop, newest):
    for other in ({"cutoff": "2025-10-01"}, {"currency": "GBP"}, {"horizon": 7}):
        assert since(shop, newest.meta | other, newest.scores()) == ()


def test_without_the_model_of_the_list_before_only_totals_are_told(shop, newest, caplog):
    (chapter,) = since(shop, newest.meta | {"model_version": "99", "model_sha256": "0"}, newest.scores())
    assert chapter.charts == chapter.points == ()
    assert len(chapter.tables) == 1
    assert "does not tell what moved" in caplog.text


def test_a_spoilt_list_before_is_not_told_of(copied, caplog):
    earlier = score(copied, cutoff=date(2025, 10, 1), limits=Limits(), stages=Stages())
    (earlier.list_dir / "scores.parquet").write_bytes(b"other")
    now = past_lists(copied)[-1]
    with open_shop(copied, Stages()) as shop:
        assert since(shop, now.meta, now.scores()) == ()
    assert "no chapter about what changed" in caplog.text


def test_a_first_list_has_nothing_to_tell(trained):
    first = past_list(trained[0].lists / "latest")
    with open_shop(trained[0], Stages()) as shop:
        assert since(shop, first.meta, first.scores()) == ()


def test_a_sample_says_that_it_is_one(shop, newest, monkeypatch):
    still = dict.fromkeys(WORDS, 0.0) | {"before": 5.0, "after": 5.0}
    monkeypatch.setattr(module, "bridge_since", lambda *_: Bridge(still, compared=50, stayed=1_200))
    (chapter,) = since(shop, newest.meta, newest.scores())
    assert (
        "What moved those who stayed is estimated from 50 of the 1,200 who stayed; all totals are exact."
        in chapter.lines
    )
    assert chapter.points == ()
    monkeypatch.setattr(module, "bridge_since", refused)
    assert since(shop, newest.meta, newest.scores())[0].charts == ()


def refused(*_):
    raise ModelRefused("gone")
