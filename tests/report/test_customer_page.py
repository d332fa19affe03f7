import base64
import hashlib
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from hvc_ml.report.customer_page import MOST_ORDERS, CustomerPage, customer_html, write_page

DAYS = [date(2025, m, 3) for m in range(1, 11)]


@pytest.fixture
def page():
    return CustomerPage(
        business="Blue Shop",
        customer_id="C0000924",
        tier="Priority",
        model_version="3",
        currency="EUR",
        cutoff=date(2026, 1, 1),
        horizon=90,
        event="No order",
        value_at_risk=80.25,
        churn_risk=0.4,
        value_if_kept=200.625,
        future_value=(0.0, 120.5, 410.0),
        base=40.0,
        reasons=(("the buying rhythm", 60.5, "no order for 94 days"), ("how much is spent", -20.25, "spent 12 EUR")),
        risks=((30, 0.8), (60, 0.55), (90, 0.4)),
        act_before=date(2026, 1, 10),
        why_then="half of them have come back by then.",
        figures=(
            ("orders", "3", "3", 0.5),
            ("days since last order", "94 days", "22 days", 0.91),
            ("region", "north", "", None),
        ),
        orders=tuple((day, 20.0 + i) for i, day in enumerate(DAYS)),
    )


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


def rects(page, kinds=("all", "up", "down")):
    section = customer_html(page).split('id="when"')[0]
    found = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"', section)
    return [(kind, float(x), float(x) + float(width)) for kind, x, width in found if kind in kinds]


def test_every_figure_stands_on_the_page(page):
    text = " ".join(" ".join(parsed(customer_html(page)).text).split())
    for words in (
        "Customer C0000924",
        "80.25 EUR",
        "40 %",
        "201 EUR",
        "between 0.00 EUR and 410 EUR",
        "+60.50",
        "-20.25",
        "no order for 94 days",
        "within 60 days 55 %",
        "2026-01-10",
        "9 days from now",
        "half of them have come back by then.",
        "10 orders, 245 EUR in all, the last on 2025-10-03, 90 days before 2026-01-01.",
        "days since last order 94 days 22 days 91 %",
    ):
        assert words in text, words


def test_bars_lead_from_the_base_over_the_reasons_to_the_value_at_risk(page):
    base, up, down, total = rects(page)
    assert [b[0] for b in (base, up, down, total)] == ["all", "up", "down", "all"]
    assert up[1] == pytest.approx(base[2], abs=0.02)
    assert down[2] == pytest.approx(up[2], abs=0.02)
    assert total[2] == pytest.approx(down[1], abs=0.02)
    assert up[2] == pytest.approx(100.0, abs=0.02)


def test_bars_stay_inside_when_reasons_go_below_nothing(page):
    below = replace(page, base=10.0, reasons=(("a", -50.0, ""), ("b", 45.0, "")), value_at_risk=5.0)
    assert all(0 <= left < right <= 100.31 for _, left, right in rects(below))


def test_the_page_asks_nobody_for_anything_and_runs_nothing(page):
    html = customer_html(page)
    elements = parsed(html)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "a", "image"} & set(elements.tags)
    assert not [n for _, n, _ in elements.attributes if n in {"src", "href", "action", "style"} or n.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html


def test_the_policy_allows_the_one_style_sheet_and_nothing_else(page):
    html = customer_html(page)
    policy = next(v for t, n, v in parsed(html).attributes if t == "meta" and n == "content" and "default-src" in v)
    style = html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_hostile_text_adds_no_element_and_no_attribute(page, corpus):
    calm = parsed(customer_html(replace(page, reasons=page.reasons[:1], figures=page.figures[2:])))
    for text in corpus:
        angry = replace(
            page,
            business=text,
            customer_id=text,
            tier=text,
            model_version=text,
            currency=text,
            event=text,
            why_then=text,
            reasons=((text, 60.5, text),),
            figures=((text, text, text, None),),
        )
        found = parsed(customer_html(angry))
        assert found.tags == calm.tags
        assert [(t, n) for t, n, _ in found.attributes] == [(t, n) for t, n, _ in calm.attributes]
        assert " ".join(text.split()) in " ".join("".join(found.text).split())


def test_what_is_most_unusual_is_shown_first_and_all_can_be_unfolded(page):
    shown, folded = customer_html(page).split("<details>")
    assert shown.index("days since last order") < shown.index('<th scope="row">orders<')
    assert '<th scope="row">region<' not in shown
    assert folded.index('<th scope="row">orders<') < folded.index("days since last order")
    assert "All 3 figures" in folded


def test_who_never_ordered_has_an_empty_timeline(page):
    assert "No orders." in customer_html(replace(page, orders=()))


def test_refunds_hang_below_the_line(page):
    html = customer_html(replace(page, orders=(*page.orders, (date(2025, 12, 31), -60.0))))
    zero = float(re.search(r'class="axis" x1="0" x2="1000" y1="([\d.]+)"', html).group(1))
    ends = [float(y) for y in re.findall(r'class="refund" .*?y2="([\d.]+)"', html)]
    assert len(ends) == 1
    assert ends[0] > zero
    assert "1 day before 2026-01-01" in html
    assert "10 orders and 1 refund, 185 EUR in all" in html


def test_a_long_history_is_drawn_from_its_newest_orders_and_says_so(page):
    many = page.orders * (MOST_ORDERS // 5)
    html = customer_html(replace(page, orders=tuple(sorted(many))))
    assert html.count('class="order"') == MOST_ORDERS
    assert f"The last {MOST_ORDERS} are drawn." in html


def test_without_a_day_to_act_by_none_is_named(page):
    html = customer_html(replace(page, act_before=None))
    assert "act before" not in html
    assert "Act before" not in html


def test_the_file_is_private_and_the_same_each_time(page, tmp_path):
    write_page(page, tmp_path / "page.html")
    first = (tmp_path / "page.html").read_bytes()
    write_page(page, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == first
    assert (tmp_path / "page.html").stat().st_mode & 0o077 == 0
