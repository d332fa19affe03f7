"""The book of a list: made with it, and made anew from its files."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import DataError, NotEnoughData
from hvc_ml.progress import Stages
from hvc_ml.publish import verify_directory
from hvc_ml.workflows.report import report
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.spent import STRETCHES, spent


def data_of(book):
    html = book.read_text()
    begin = html.index('id="data">') + len('id="data">')
    return json.loads(html[begin : html.index("</script>", begin)])


def test_the_book_of_a_list_is_the_same_when_it_is_made_anew(copied, trained):
    made = trained[2].list_dir / "book.html"
    found = report(copied, stages=Stages())
    assert found.identical
    assert found.book.read_bytes() == made.read_bytes()
    assert found.n_listed == found.n_shown == trained[2].n_listed


def test_a_book_that_was_lost_comes_back_and_the_other_files_stay(copied):
    folder = (copied.lists / "latest").resolve()
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    (folder / "book.html").write_text("spoilt")
    (folder / "our notes.txt").write_text("call C1 again")
    found = report(copied, stages=Stages())
    assert not found.identical
    after = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert after.pop("our notes.txt") == b"call C1 again"
    assert {k: v for k, v in after.items() if k != "MANIFEST.json"} == {
        k: v for k, v in before.items() if k != "MANIFEST.json"
    }
    verify_directory(folder)


def test_the_same_list_leaves_a_page_that_was_made_anew_and_the_notes_of_a_team_as_they_are(copied, monkeypatch):
    (copied.lists / "latest" / "our notes.txt").write_text("call C1 again")
    monkeypatch.setattr("hvc_ml.workflows.book_watch.TITLE", "What a later night knows")
    report(copied, stages=Stages())
    monkeypatch.undo()
    folder = (copied.lists / "latest").resolve()
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert b"What a later night knows" in before["book.html"]
    again = score(copied, cutoff=None, limits=Limits(), stages=Stages())
    assert again.identical
    assert again.list_dir.resolve() == folder
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_the_book_tells_of_every_row_what_the_files_tell(trained):
    data = data_of(trained[2].list_dir / "book.html")
    rows = pd.read_parquet(trained[2].list_dir / "retention_list.parquet")
    assert data["id"] == rows["customer_id"].tolist()
    assert data["cents"]["value_at_risk"] == (100 * rows["value_at_risk"]).round().astype(int).tolist()
    sums = pd.DataFrame([data["parts"]["base"], *data["parts"]["amounts"]]).sum()
    assert sums.tolist() == data["cents"]["value_at_risk"]
    html = (trained[2].list_dir / "book.html").read_text()
    for words in (
        "What to do this week",
        "Who our high-value customers are",
        "Is it still right?",
        "How good the model is",
        "Who is on this list, part by part",
        "What the words",
    ):
        assert words in html
    assert trained[1].panel.says in html.replace("&#39;", "'").replace("\N{NO-BREAK SPACE}", " ")


def test_what_was_spent_adds_up_to_the_orders_of_the_year(trained):
    project = trained[0]
    with open_shop(project, Stages()) as shop:
        ids = ["nobody", *sorted(shop.eligible(shop.now)["customer_id"])[:40]]
        found = spent(shop, shop.now, ids)
        now = pd.Timestamp(shop.now)
    assert found.index.tolist() == ids
    assert found.shape == (41, STRETCHES)
    assert (found.loc["nobody"] == 0).all()
    orders = pd.read_parquet(project.folder / "data" / "orders.parquet")
    day = (
        pd.to_datetime(orders["ordered_at"], utc=True).dt.tz_convert("Europe/Berlin").dt.tz_localize(None).dt.floor("D")
    )
    ago = (now - day).dt.days
    for i in (0, 5, 12):  # oldest first
        first, last = 28 * (12 - i) + 1, 28 * (13 - i)
        own = orders[ago.between(first, last)].groupby("customer_id")["amount"].sum().reindex(ids).fillna(0.0)
        assert (found.iloc[:, i] - own).abs().max() < 0.005


def test_a_profile_that_cannot_be_made_holds_no_book_up(copied, caplog):
    copied.path.write_text(copied.path.read_text().replace("by: [region]", "by: [town]"))
    found = report(load_config(copied.path), stages=Stages())
    assert "Who our high-value customers are" not in found.book.read_text()
    assert "no text attribute" in caplog.text


def test_a_list_of_an_earlier_release_still_gets_a_book(copied):
    folder = (copied.lists / "latest").resolve()
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    for name in ("quality", "facts", "budget_curve", "total_expected_gain_interval"):
        del manifest["meta"][name]
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    html = report(copied, stages=Stages()).book.read_text()
    assert "carries no figures of its test" in html
    assert "What a budget earns" not in html


def test_a_list_that_was_changed_gets_no_book(copied):
    folder = (copied.lists / "latest").resolve()
    (folder / "scores.parquet").write_bytes(b"other")
    before = (folder / "book.html").read_bytes()
    with pytest.raises(DataError, match="changed since"):
        report(copied, stages=Stages())
    assert (folder / "book.html").read_bytes() == before


def test_without_a_list_there_is_no_book(copied):
    shutil.rmtree(copied.lists)
    with pytest.raises(NotEnoughData, match="no list yet"):
        report(copied, stages=Stages())


def test_the_verb_tells_where_the_book_lies_and_opens_it_when_asked(copied, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    done = CliRunner().invoke(app, ["report", "-c", str(copied.path), "--json"])
    found = json.loads(done.stdout)
    assert found["n_listed"] == found["n_shown"]
    assert opened == []
    done = CliRunner().invoke(app, ["report", "-c", str(copied.path), "--open"])
    assert f"Book: {found['book']}" in done.output.replace("\n", "").replace("Book:", "Book:")
    assert opened == [Path(found["book"]).as_uri()]
