"""The model card: the same content as page and as Markdown, nothing from elsewhere, and texts stay texts."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import pandas as pd
import pytest

from hvc_ml.report.book_parts import Chart
from hvc_ml.report.card import ModelCard, Part, card_html, card_markdown
from hvc_ml.report.charts import learning_chart


class Elements(HTMLParser):
    """Names of elements and attributes, the text, and the policy."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.texts, self.policy = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        self.texts.append(data)


def card(text="plain", charts=()):
    table = pd.DataFrame({"figure": ["AUC", text], "model": ["0.8", text]})
    parts = (Part("Figures", (text,), (), table, charts), Part("Use", (), (text, "two")))
    return ModelCard(f"shop {text}", True, f"Promoted: {text}", parts)


@pytest.fixture
def drawn():
    return card(charts=(Chart("loss", learning_chart({"fit": [3.0, 2.0]}, metric="loss"), "Less is better."),))


def test_the_page_allows_nothing_but_its_own_style_and_holds_no_script(drawn):
    page = card_html(drawn)
    found = Elements(page)
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert found.policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert not {"script", "iframe", "link", "object", "form", "base"} & set(found.names)
    assert "style" not in found.attributes
    assert not [name for name in found.attributes if name.startswith("on")]
    assert not re.findall(r"""(?:src|href)=["']?(?!#|data:)[^"']""", re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL))


def test_a_figure_is_drawn_and_read_aloud(drawn):
    found = Elements(card_html(drawn))
    assert found.names.count("figure") == found.names.count("svg") == 1
    assert "Less is better." in found.texts
    assert "aria-label" in found.attributes


def test_the_page_can_be_walked_through_by_headings(drawn):
    page = card_html(drawn)
    assert re.findall("<h([1-6])", page) == ["1", "2", "2"]
    for target in re.findall('href="#([^"]+)"', re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)):
        assert page.count(f'id="{target}"') == 1


def test_hostile_texts_are_shown_as_texts(corpus):
    plain = Elements(card_html(card()))
    for text in corpus:
        page = card_html(card(text))
        found = Elements(page)
        assert (found.names, found.attributes) == (plain.names, plain.attributes), text
        assert " ".join(text.split()) in " ".join(unescape(page).split()), text


def test_hostile_texts_make_no_markup_and_no_column_in_markdown(corpus):
    lines = len(card_markdown(card()).splitlines())
    for text in corpus:
        told = card_markdown(card(text))
        assert len(told.splitlines()) == lines, text
        assert not re.search(r"(?<!\\)<|(?<!\\)[`*](?!\*)(?=\S*evil)", told), text
        rows = [line for line in told.splitlines() if line.startswith("|")]
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}, text


def test_markdown_and_page_say_the_same():
    page, told = Elements(card_html(card())), card_markdown(card())
    for text in ("shop plain", "Promoted: plain", "Figures", "0.8", "two"):
        assert text in told
        assert any(text in said for said in page.texts)


def test_a_card_that_was_refused_looks_like_it():
    refused = ModelCard("shop", False, "Not promoted: no signal.", ())
    assert 'class="verdict"' in card_html(refused)
    assert 'class="verdict promoted"' in card_html(card())
