"""What ``report --open`` opens: the browser, once, on the book's own address, and nothing else."""

import subprocess
import webbrowser
from urllib.parse import unquote, urlsplit

import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.errors import NotEnoughData
from hvc_ml.workflows import report as workflow
from hvc_ml.workflows.report import ReportResult

CONFIG = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables: {orders: {columns: {customer_id: customer, ordered_at: day, amount: total}}}
"""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Return ``asked(*argv)``: what ended, and what the browser was asked for; the book lies in an odd folder."""
    folder = tmp_path / "our shop #1 (100%)"
    folder.mkdir()
    (folder / "hvc.yaml").write_text(CONFIG)
    opened = []
    book = folder / "lists" / "2026-01-01_abc" / "book.html"
    found = ReportResult(book, book.parent, "2026-01-01", "3", 7, 7, identical=True, seconds={})
    monkeypatch.setattr(workflow, "report", lambda *_, **__: found)
    monkeypatch.setattr(webbrowser, "open", lambda *argv: opened.append(argv) or True)
    monkeypatch.setattr(subprocess, "Popen", lambda *argv, **__: opened.append(argv))

    def ask(*argv):
        return CliRunner().invoke(app, ["report", "-c", str(folder), *argv]), opened

    return ask, book


@pytest.mark.parametrize("more", [(), ("--json",), ("-q",)])
def test_the_browser_is_asked_once_for_the_books_own_address(asked, more):
    ask, book = asked
    ended, opened = ask("--open", *more)
    assert ended.exit_code == 0
    ((address,),) = opened
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file", "", "", "")
    assert unquote(parts.path) == str(book)


def test_nothing_is_opened_unless_it_was_asked_for(asked):
    ended, opened = asked[0]()
    assert ended.exit_code == 0
    assert opened == []


def test_without_a_book_nothing_is_opened(asked, monkeypatch):
    def nothing(*_, **__):
        raise NotEnoughData("no list yet")

    monkeypatch.setattr(workflow, "report", nothing)
    ended, opened = asked[0]("--open")
    assert isinstance(ended.exception, NotEnoughData)
    assert opened == []
