"""What axe-core finds in the book: no barrier, whatever the light and the screen."""

from datetime import date

import pytest

from hvc_ml.report.book import Cell, Chapter, Chart, Table
from hvc_ml.report.monitor_chart import watch_chart
from hvc_ml.report.tenths_charts import shares_chart
from made.opened import book

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture
def whole(plan):
    """A book with something of everything."""
    table = Table(
        "Tiers", ("", "Customers"), ((Cell("Priority", "strong"), Cell("12 \u25b2", "good")),), "More is better."
    )
    chart = Chart("Calibration", shares_chart([0.1, 0.9], [0.2, 0.8], 30), "Near the line is best.")
    chapter = Chapter("people", "Who they are", ("Few bring most.",), (table,), (chart,), (("Not for", ("prices",)),))
    days = date(2025, 12, 1), date(2026, 1, 1)
    lines = {"forecast": list(zip(days, (0.3, 0.31), strict=True)), "came true": [(days[0], 0.32), (days[1], None)]}
    drawn = Chart("Who leaves", watch_chart("Who leaves", lines, days=days, limit=0.4, shares=True), "Both alike.")
    row = (Cell("2026-01-01"), Cell("not yet", "faint"), Cell("2", "bad"))
    lists = Table("List by list", ("List of", "Left", "Beyond a limit"), (row,))
    watched = Chapter("watch", "Is it still right?", ("Up 6%.",), (lists,), (drawn,), (("Beyond", ("Spend.",)),))
    return book(
        plan, chapters=(watched, chapter), says={"personal call": ("Thank them.",)}, words={"peers": "The others."}
    )


def barriers(page):
    """Rule, weight and the first place of every violation."""
    found = axe.Axe().run(page).response["violations"]
    return [(v["id"], v["impact"], v["nodes"][0]["html"]) for v in found]


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("light", ["light", "dark"])
def test_there_is_no_barrier_on_the_page_nor_in_a_customer(opened, whole, light, screen):
    reader = opened(whole, color_scheme=light, viewport=screen)
    assert barriers(reader.page) == []
    reader.page.locator("#rows .who").nth(1).click()
    assert reader.page.locator("#customer").is_visible()
    assert barriers(reader.page) == []
    reader.page.keyboard.press("Escape")
    reader.page.fill("#search", "nobody of that name")
    assert barriers(reader.page) == []


def test_a_planted_barrier_is_found(opened, whole):
    reader = opened(whole)
    reader.page.evaluate(
        "document.querySelector('#search').closest('label').replaceWith(document.createElement('input'))"
    )
    assert ("label", "critical", "<input>") in barriers(reader.page)
