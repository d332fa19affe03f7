import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest

from hvc_ml.report.book import SHOWN, Book, Cell, Chapter, Chart, Table, book_html, write_book
from hvc_ml.report.budget_chart import budget_chart
from hvc_ml.report.charts import calibration_chart
from hvc_ml.report.workbook import About
from made.listed import figures_of, history_of, scores_of


def euros(amount):
    return f"{amount:,.0f} EUR"


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.inside, self.scripts = [], [], [], None, []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        (self.scripts if self.inside in {"script", "style"} else self.text).append(data)

    def value(self, tag, name, starts=""):
        return next(v for t, n, v in self.attributes if (t, n) == (tag, name) and v.startswith(starts))


def parsed(html):
    elements = Elements()
    elements.feed(html)
    elements.close()
    return elements


def data_of(html):
    return json.loads(next(text for text in parsed(html).scripts if text.startswith("{")))


def chart(says="Read it."):
    return Chart("Calibration", calibration_chart([0.1, 0.4, 0.9], [0, 0, 1], bins=3), says)


def full(plan, about):
    table = Table("Tiers", ("", "Customers"), ((Cell("Priority"), Cell("12 ▲", "good")),), "More is better.")
    chapter = Chapter("people", "Who they are", ("Few bring most.",), (table,), (chart(),), (("Not for", ("prices",)),))
    return Book(
        plan,
        about,
        {"personal call": ("Thank them.",)},
        plans=(Chart("What a budget earns", budget_chart([1.0], [2.0], budget=None, currency="GBP"), "It flattens."),),
        chapters=(chapter,),
        scores=scores_of(plan),
        history=history_of(plan),
        figures=figures_of(plan),
        families={"rhythm": "the buying rhythm"},
        gain=(10.0, 20.0),
    )


def test_the_page_counts_only_those_to_contact(plan, about):
    html = book_html(full(plan, about), money=euros)
    text = " ".join(parsed(html).text)
    contact = plan[plan["group"] == "contact"]
    assert "10 more are held out" in text
    assert euros(contact["expected_gain"].sum()) in text
    assert "most likely between 10 EUR and 20 EUR" in text
    assert "no order for 94 days; usually every 31 days (peers: 22 days)" in data_of(html)["texts"]["reason_1"]["words"]


def test_hostile_text_adds_no_element_and_no_attribute(plan, hostile, about, corpus):
    calm = plan.iloc[[0] * len(corpus)].reset_index(drop=True)
    calm = calm.assign(
        customer_id=[f"c{i}" for i in range(len(corpus))],
        action=[f"a{i:03d}" for i in range(len(corpus))],
        group=hostile["group"],
    )

    def page(rows, name, words):
        table = Table(words[0], (words[1], words[2]), tuple((Cell(w), Cell(w)) for w in words), words[3])
        points = ((words[12], tuple(words)),)
        chapter = Chapter("people", words[4], tuple(words), (table,), (chart(words[5]),), points)
        said = About(name, words[6], words[7], words[8], 90, {words[9]: words[10]})
        says = dict.fromkeys(rows["action"], (words[11],))
        return parsed(
            book_html(
                Book(rows, said, says, chapters=(chapter,), words=dict(zip(words, words, strict=True))), money=euros
            )
        )

    tame = page(calm, "Blue Shop", [f"w{i}" for i in range(len(corpus))])
    angry = page(hostile, corpus[26], corpus)
    assert sorted(angry.tags) == sorted(tame.tags)
    assert {(tag, name) for tag, name, _ in angry.attributes} == {(tag, name) for tag, name, _ in tame.attributes}
    text = "".join(angry.text)
    for string in corpus:
        assert " ".join(string.split()) in " ".join(text.split())


def test_every_string_comes_back_from_the_data_as_it_went_in(hostile, about, corpus):
    html = book_html(Book(hostile, about), money=euros)
    found = data_of(html)
    assert found["id"] == corpus
    owners = found["texts"]["owner"]
    assert [owners["words"][at] for at in owners["at"]] == corpus
    inside = html[html.index('id="data">') :]
    assert "<" not in inside[len('id="data">') : inside.index("</script>")]


def test_the_page_asks_nobody_for_anything(plan, about):
    elements = parsed(book_html(full(plan, about), money=euros))
    assert not {"link", "img", "iframe", "object", "embed", "image"} & set(elements.tags)
    assert not [n for _, n, _ in elements.attributes if n in {"src", "action", "style"} or n.startswith("on")]
    assert all(v.startswith("#") for _, n, v in elements.attributes if n in {"href", "xlink:href"})
    assert "url(http" not in "".join(elements.scripts)


def test_the_policy_lets_through_exactly_the_page_s_own_style_and_script(plan, about):
    elements = parsed(book_html(full(plan, about), money=euros))
    policy = elements.value("meta", "content", "default-src")
    style, script = elements.scripts[0], elements.scripts[-1]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_headings_go_down_one_step_at_a_time_and_every_figure_has_words(plan, about):
    elements = parsed(book_html(full(plan, about), money=euros))
    levels = [int(tag[1]) for tag in elements.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert (
        elements.tags.count("svg") == sum(1 for t, n, _ in elements.attributes if (t, n) == ("svg", "aria-label")) == 2
    )
    ids = [v for _, n, v in elements.attributes if n == "id" and not re.fullmatch(r"[mp][0-9a-f]{10}|.*\d", v)]
    assert len(ids) == len(set(ids))


def test_only_the_first_rows_are_held_and_the_page_says_so(plan, about):
    long = pd.concat([plan] * 300, ignore_index=True).assign(rank=range(1, 12_001))
    html = book_html(Book(long, about), money=euros)
    assert "first 10,000 of 12,000 rows" in html
    assert len(data_of(html)["rank"]) == SHOWN
    assert data_of(html)["listed"] == 12_000


def test_an_empty_list_says_that_nobody_promises_a_gain(plan, about):
    assert "No customer promises a gain" in book_html(Book(plan.head(0), about), money=euros)


def test_a_word_is_explained_once(plan, about):
    html = book_html(Book(plan, about, words={"cutoff": "Now.", "peers": "The others."}), money=euros)
    assert html.count("<dt>cutoff</dt>") == html.count("<dt>tier</dt>") == html.count("<dt>peers</dt>") == 1


def test_points_stand_under_a_heading_of_their_own(plan, about):
    assert '<h3>Not for</h3>\n<ul class="plain"><li>prices</li></ul>' in book_html(full(plan, about), money=euros)


def test_the_same_book_gives_the_same_bytes(tmp_path, plan, about):
    for name in ("a.html", "b.html"):
        write_book(full(plan, about), tmp_path / name, money=euros)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_half_a_character_does_not_stop_the_page(plan, tmp_path):
    half = About("half \ud83d", "2026-01-01", "3", "GBP", 90)
    write_book(Book(plan, half), tmp_path / "a.html", money=euros)
    assert "half ?" in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize("colour", ["#1f2a37", "#6b7785", "#d5dde6"])
def test_figures_take_the_page_s_own_ink(plan, about, colour):
    page = book_html(Book(plan, about, plans=(chart(),)), money=euros)
    looks = re.findall(r"^\.c\d+ \{(.*)\}$", page, flags=re.MULTILINE)
    assert looks
    assert colour not in page[page.index("<svg") : page.index("</svg>")] + "".join(looks)
    assert any("var(--ink)" in look for look in looks)


def test_what_to_do_shows_its_figures_before_the_list(plan, about):
    page = book_html(full(plan, about), money=euros)
    assert page.index("It flattens.") < page.index(">The list</h2>") < page.index(">Who they are</h2>")
