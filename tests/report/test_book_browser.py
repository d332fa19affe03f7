"""The book in a browser: what a reader does with it, and what it must never do."""

import time

import pytest

from hvc_ml.explanation.formatting import formatter, money
from hvc_ml.report.book import Book, Cell, Chapter, Table
from hvc_ml.report.workbook import About
from made.listed import figures_of, listed_rows
from made.opened import book


@pytest.fixture
def reader(opened, plan):
    return opened(book(plan))


def test_search_finds_customers_and_says_how_many(reader):
    reader.page.fill("#search", "c01")
    assert reader.ids() == [f"C01{i}" for i in range(10)]
    assert reader.found() == 10
    reader.page.fill("#search", "nobody of that name")
    assert reader.found() == 0
    assert reader.page.locator("#place").text_content() == "Nobody fits."
    reader.page.click("#clear")
    assert reader.found() == 40


def test_a_click_on_a_heading_sorts_and_a_second_one_turns_it_round(reader, plan):
    by_risk = plan.sort_values("churn_risk", kind="stable")["customer_id"].tolist()
    reader.page.click("#heads button:has-text('Churn risk')")
    assert reader.ids() == by_risk[::-1]
    reader.page.click("#heads button:has-text('Churn risk')")
    assert reader.ids() == by_risk
    assert reader.page.locator("th[aria-sort=ascending]").text_content().startswith("Churn risk")
    reader.page.select_option("#sort", "tier+")
    assert reader.ids() == plan.sort_values(["tier", "rank"])["customer_id"].tolist()


def test_filters_hold_together_and_the_totals_are_those_of_whom_to_contact(reader, plan):
    reader.page.select_option("#by-tier", label="Gold")
    reader.page.select_option("#by-action", label="personal e-mail")
    kept = plan[(plan["tier"] == "Gold") & (plan["action"] == "personal e-mail")]
    assert reader.ids() == kept["customer_id"].tolist()
    at_risk = kept.loc[kept["group"] == "contact", "value_at_risk"].sum()
    assert f"£{at_risk:,.0f} at risk" in reader.page.locator("#found").text_content()
    reader.page.select_option("#by-group", label="holdout")
    assert reader.ids() == kept.loc[kept["group"] == "holdout", "customer_id"].tolist()
    reader.page.click("#clear")
    reader.page.select_option("#by-family", label="the buying rhythm")
    assert reader.found() == 40


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_a_customer_opens_with_reasons_that_add_up_to_the_value_shown(reader, plan, how):
    who = reader.page.locator("#rows .who").nth(2)
    if how == "click":
        who.click()
    else:
        who.focus()
        reader.page.keyboard.press("Enter")
    assert reader.page.locator("#customer-title").text_content() == "C002"
    total = round(100 * plan["value_at_risk"].iloc[2])
    assert sum(reader.cents("start")) + sum(reader.cents("step")) == sum(reader.cents("total")) == total
    said = reader.page.locator("#customer-body").text_content()
    for words in (
        "the buying rhythm",
        "Thank them for the orders so far.",
        "no order for 94 days",
        "Churn risk, first 30 days",
    ):
        assert words in said
    assert reader.page.locator(".spent svg").get_attribute("aria-label").count("£") == 13


def test_reasons_of_every_customer_add_up_on_the_page(reader, plan):
    reader.page.locator("#rows .who").first.click()
    for at_risk in plan["value_at_risk"]:
        assert sum(reader.cents("start")) + sum(reader.cents("step")) == round(100 * at_risk)
        reader.page.keyboard.press("ArrowRight")


def test_figures_of_a_customer_stand_beside_everybody_s_as_they_are_written_elsewhere(reader, plan):
    figures = figures_of(plan)
    reader.page.locator("#rows .who").first.click()
    assert "Beside all customers" not in reader.page.locator("#customer-body").text_content()  # nothing is known
    for i in range(1, len(plan)):
        reader.page.keyboard.press("ArrowRight")
        rows = reader.page.locator(".beside tbody tr").all_inner_texts()
        shown = [row.split("\t") for row in rows]
        writers = [formatter(f.unit, "GBP") for f in figures]
        expected = [
            [f.name, write(round(float(f.own.iloc[i]), 4)), write(f.median), f"{100 * f.below.iloc[i]:.0f} %"]
            for f, write in zip(figures, writers, strict=True)
        ]
        assert [[cell.strip() for cell in row] for row in shown] == expected


def test_risks_say_what_leaving_means(opened, plan):
    reader = opened(book(plan, leaving="the contract ends"))
    reader.page.locator("#rows .who").first.click()
    said = reader.page.locator(".facts").text_content()
    assert "the contract ends within 90 days" in said
    assert "first 30 days" in said
    assert "no order" not in said


def test_the_totals_say_that_they_are_of_this_page_where_the_list_is_longer(opened):
    plan = listed_rows([f"C{i:05d}" for i in range(10_001)])
    reader = opened(Book(plan, About("Blue Shop", "2026-01-01", "3", "GBP", 90)))
    assert "10,000 of 10,000 customers on this page;" in reader.page.locator("#found").text_content()


def test_escape_closes_the_customer_and_the_focus_is_back_on_the_row(reader):
    reader.page.locator("#rows .who").nth(3).click()
    assert "leave this customer alone" in reader.page.locator(".plan").text_content()
    assert reader.page.evaluate("document.activeElement.id") == "customer-title"
    reader.page.keyboard.press("Escape")
    assert not reader.page.locator("#customer").is_visible()
    assert reader.page.evaluate("document.activeElement.textContent") == "C003"


def test_every_string_of_the_corpus_shows_as_text(opened, hostile, corpus):
    table = Table(corpus[40], ("", corpus[28]), tuple((Cell(w), Cell(w)) for w in corpus))
    chapters = (Chapter("people", corpus[27], tuple(corpus), (table,)),)
    about = About(corpus[26], corpus[28], corpus[30], corpus[27], 90, dict.fromkeys(corpus, corpus[27]))
    families = {"rhythm": corpus[27], "service": corpus[28]}
    made = book(
        hostile, about, says=dict.fromkeys(corpus, (corpus[26],)), chapters=chapters, words={corpus[26]: corpus[27]}
    )
    reader = opened(Book(**vars(made) | {"families": families}))
    reader.page.select_option("#sort", "rank+")
    shown = reader.ids()
    reader.page.click("#after")
    assert shown + reader.ids() == corpus
    assert reader.page.title() != ""
    options = reader.page.locator("#by-action option").all_text_contents()
    assert sorted(options[1:]) == sorted(corpus)
    reader.page.locator("#rows .who").first.click()
    assert reader.page.locator("#customer-title").text_content() == corpus[50]
    assert corpus[50] in reader.page.locator("#customer-body").text_content()
    assert reader.page.locator("img, iframe, base, meta[http-equiv=refresh], style:not(head > style)").count() == 0


def test_the_policy_stops_what_a_page_could_be_tricked_into(reader):
    page = reader.page
    assert page.evaluate("fetch('https://shop.example/').then(() => 'sent', () => 'refused')") == "refused"
    blocked = """() => new Promise((done) => {
        document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective), { once: true });
        const made = document.createElement("%s"); made.%s = "%s"; document.body.append(made);
    })"""
    assert page.evaluate(blocked % ("img", "src", "https://shop.example/x.png")) == "img-src"
    assert page.evaluate(blocked % ("script", "textContent", "document.title = 1")).startswith("script-src")
    assert page.evaluate(blocked % ("style", "textContent", "* { display: none }")).startswith("style-src")
    reader.complaints.clear()  # each refusal is told on the console
    reader.asked[1:] = [url for url in reader.asked[1:] if not url.startswith("https://shop.example/")]


def test_ten_thousand_rows_open_in_less_than_two_seconds(opened):
    plan = listed_rows([f"C{i:07d}" for i in range(10_000)])
    plan["reason_1"] = [
        f"no order for {i % 997} days; usually every {i % 89} days (peers: 22 days)" for i in range(10_000)
    ]
    reader = opened(book(plan))

    def seconds():
        begin = time.perf_counter()
        reader.page.goto(reader.url)
        reader.page.wait_for_selector("#rows tbody tr")
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(3)) < 2.0
    begin = time.perf_counter()
    reader.page.fill("#search", "C0009999")
    assert reader.ids() == ["C0009999"]
    assert time.perf_counter() - begin < 2.0
    assert set(reader.asked) == {reader.url}
    del reader.asked[1:]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_never_scrolls_sideways(opened, width):
    plan = listed_rows(["C" + "0" * 120, *(f"C{i}" for i in range(60))])
    plan["tier"], plan["reason_1"] = "T" * 60, "w" * 200
    reader = opened(book(plan), viewport={"width": width, "height": 740})
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width
    reader.page.locator("#rows .who").first.click()
    assert reader.page.evaluate(
        "document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth"
    )
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_by_four_and_a_half_to_one(opened, plan, scheme):
    reader = opened(book(plan), color_scheme=scheme)
    colours = reader.page.evaluate(
        "Object.fromEntries(['page', 'card', 'held', 'ink', 'muted', 'accent', 'good', 'bad']"
        ".map((name) => [name, getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))"
    )
    for ground in ("page", "card", "held"):
        for text in ("ink", "muted", "accent", "good", "bad"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one, other):
    """WCAG 2.2, 1.4.3: (lighter + .05) / (darker + .05)."""

    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_a_print_holds_the_first_pages_of_the_list(opened):
    plan = listed_rows([f"C{i:03d}" for i in range(300)])
    reader = opened(book(plan))
    assert len(reader.ids()) == 50
    reader.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(reader.ids()) == 200
    reader.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(reader.ids()) == 50


def test_it_works_in_a_frame_without_rights_as_in_a_viewer_of_artifacts(opened, plan):
    reader = opened(book(plan))
    html = reader.page.content()
    page = reader.context.new_page()
    failed = []
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.set_content("<iframe sandbox='allow-scripts' width=1200 height=700></iframe>")
    page.evaluate("(html) => { document.querySelector('iframe').srcdoc = html; }", html)
    frame = page.frame_locator("iframe")
    frame.locator("nav a", has_text="What the words mean").click()
    frame.locator("#search").fill("C017")
    frame.locator("#rows .who").first.click()
    assert frame.locator("#customer-title").text_content() == "C017"
    assert failed == []


def test_without_a_script_the_page_still_says_what_to_do(opened, plan):
    reader = opened(book(plan), java_script_enabled=False)
    text = reader.page.locator("body").inner_text()
    assert "customers to contact" in text
    assert "personal call" in text
    assert "does not run the script" in text


def test_money_reads_as_in_every_other_file(opened):
    plan = listed_rows(["a", "b", "c", "d"]).assign(
        expected_gain=[1234.5, 99.994, 99.996, 0.5], value_at_risk=[-0.004, 12.0, 1e6, 2.5]
    )
    reader = opened(Book(plan, About("Blue Shop", "2026-01-01", "3", "GBP", 90)))
    gains = reader.page.locator("td[data-label='Expected gain']").all_text_contents()
    risks = reader.page.locator("td[data-label='Value at risk']").all_text_contents()
    assert gains == [money(round(g, 2), "GBP") for g in plan["expected_gain"]]
    assert risks == [money(round(r, 2) + 0.0, "GBP") for r in plan["value_at_risk"]]
