"""A book as somebody sees it who opened it in a browser, and what the page asked for and complained of."""

import re

from hvc_ml.report.book import Book, Chart
from hvc_ml.report.budget_chart import budget_chart
from hvc_ml.report.workbook import About
from made.listed import figures_of, history_of, scores_of


def pounds(amount):
    return f"£{amount:,.0f}"


class Reader:
    """Somebody who opened a page, and what the page asked for and complained of."""

    def __init__(self, browser, path, **looks):
        self.context = browser.new_context(offline=True, **looks)
        self.page = self.context.new_page()
        self.asked, self.complaints = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def ids(self):
        return self.page.locator("#rows .who").all_text_contents()

    def found(self):
        return int(self.page.locator("#found").text_content().split(" of ")[0].replace(",", ""))

    def cents(self, kind):
        cells = self.page.locator(f"#customer-body td[data-kind={kind}]")
        return [self._cents(text) for text in cells.all_text_contents()]

    @staticmethod
    def _cents(text):
        return round(100 * float(re.sub(r"[£,+]", "", text)))


def book(plan, about=None, **more):
    about = about or About("Blue Shop", "2026-01-01", "3", "GBP", 90)
    plans = (Chart("What a budget earns", budget_chart([1, 2], [2, 3], budget=1, currency="GBP"), "It flattens."),)
    known = {"scores": scores_of(plan), "history": history_of(plan), "figures": figures_of(plan)}
    given = {**known, "plans": plans, "gain": (1.0, 2.0)}
    families = {"rhythm": "the buying rhythm", "service": "service cases"}
    return Book(plan, about, families=families, **given | more)
