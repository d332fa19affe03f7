from html.parser import HTMLParser

import pandas as pd
import pytest

from hvc_ml.report.book import Book, Chart, book_html, write_book
from hvc_ml.report.budget_chart import budget_chart
from hvc_ml.report.charts import calibration_chart
from hvc_ml.report.workbook import About


def euros(amount):
    return f"{amount:,.0f} EUR"


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    elements = Elements()
    elements.feed(html)
    elements.close()
    return elements


def test_the_page_counts_only_those_to_contact(plan, about):
    text = " ".join(parsed(book_html(Book(plan, about), money=euros)).text)
    contact = plan[plan["group"] == "contact"]
    assert "10 more are held out" in text
    assert euros(contact["expected_gain"].sum()) in text
    assert "no order for 94 days; usually every 31 days" in text


def test_hostile_text_adds_no_element_and_no_attribute(plan, hostile, about, corpus):
    calm = plan.iloc[[0] * len(corpus)].reset_index(drop=True)
    calm = calm.assign(
        customer_id=[f"c{i}" for i in range(len(corpus))],
        action=[f"a{i:03d}" for i in range(len(corpus))],
        group=hostile["group"],
    )
    says = ("say this",)
    tame = parsed(book_html(Book(calm, about, dict.fromkeys(calm["action"], says)), money=euros))
    facts = {text: text for text in corpus[:1]}
    angry_about = About(corpus[26], corpus[27], corpus[28], corpus[30], 90, facts)
    angry = parsed(book_html(Book(hostile, angry_about, dict.fromkeys(hostile["action"], (corpus[26],))), money=euros))
    assert sorted(angry.tags) == sorted(tame.tags)
    assert {(tag, name) for tag, name, _ in angry.attributes} == {(tag, name) for tag, name, _ in tame.attributes}
    assert "script" not in angry.tags
    text = "".join(angry.text)
    for string in corpus:
        assert " ".join(string.split()) in " ".join(text.split())


def test_the_page_asks_nobody_for_anything(plan, about):
    chart = Chart("Calibration", calibration_chart([0.1, 0.9], [0, 1], bins=2), "Closer to the line is better.")
    elements = parsed(book_html(Book(plan, about, charts=(chart,)), money=euros))
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "a", "image"} & set(elements.tags)
    assert not [
        name for _, name, _ in elements.attributes if name in {"src", "href", "action"} or name.startswith("on")
    ]
    policy = next(value for tag, _, value in elements.attributes if tag == "meta" and value.startswith("default-src"))
    assert policy.startswith("default-src 'none'")


def test_only_the_first_rows_are_shown_and_the_page_says_so(plan, about):
    long = pd.concat([plan] * 20, ignore_index=True).assign(rank=range(1, 801))
    html = book_html(Book(long, about), money=euros)
    assert "first 500 of 800 rows" in html
    assert html.count('class="reasons"') == 500


def test_an_empty_list_says_that_nobody_promises_a_gain(plan, about):
    assert "No customer promises a gain" in book_html(Book(plan.head(0), about), money=euros)


def test_the_same_book_gives_the_same_bytes(tmp_path, plan, about):
    def book():
        chart = Chart("Calibration", calibration_chart([0.1, 0.4, 0.9], [0, 0, 1], bins=3), "Read it.")
        return Book(plan, about, {"personal call": ("Thank them.",)}, (chart,))

    write_book(book(), tmp_path / "a.html", money=euros)
    write_book(book(), tmp_path / "b.html", money=euros)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize("colour", ["#1f2a37", "#6b7785", "#d5dde6"])
def test_figures_take_the_page_s_own_ink(plan, about, colour):
    chart = Chart("Calibration", calibration_chart([0.1, 0.9], [0, 1], bins=2), "Read it.")
    page = book_html(Book(plan, about, charts=(chart,)), money=euros)
    assert colour not in page[page.index("<svg") : page.index("</svg>")]
    assert "var(--ink)" in page[page.index("<svg") : page.index("</svg>")]


def test_what_to_do_shows_its_figures_before_the_list(plan, about):
    chart = Chart("What a budget earns", budget_chart([1.0], [2.0], budget=None, currency="GBP"), "Where it flattens.")
    page = book_html(Book(plan, about, plans=(chart,)), money=euros)
    assert page.index("Where it flattens.") < page.index("<h2>The list</h2>")
    assert "How good the model is" not in page
