"""Pages say what is there: commands, keys, links, and nothing of the machine they were written on."""

import re
import tomllib

import pytest
import typer.main
import yaml

from docs.handbook.commands import verbs
from docs.reading import NAMES, OTHERS, PAGES, ROOT, blocks, calls, commands, scheduled
from hvc_ml.cli.app import app
from hvc_ml.config import Config

EVERY = [*PAGES, *sorted((ROOT / "docs" / "reference").glob("*.md"))]
NAME = {p: p.relative_to(ROOT).as_posix() for p in EVERY}
BASE = {
    "name": "shop",
    "source": {"kind": "files", "paths": {"orders": "orders.csv"}},
    "tables": {"orders": {"columns": {"customer_id": "c", "ordered_at": "d", "amount": "a"}}},
}


def parse(argv):
    """Parse as the program would, and run nothing."""
    command = typer.main.get_command(app)
    context = command.make_context("hvc-ml", list(argv))
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
    return context


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_on_a_page_exists_with_its_options(page):
    for argv in [*(c.argv for c in commands(page)), *scheduled(page)]:
        parse(argv)


def test_a_command_that_is_not_there_is_noticed():
    with pytest.raises(Exception, match="No such option"):
        parse(("train", "--fast"))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_shell_blocks_hold_our_program_and_what_makes_its_environment(page):
    programs = {words[0] for text in blocks(page, "sh") for words in calls(text)}
    assert {p for p in programs if not p.endswith("hvc-ml")} <= OTHERS


def test_every_verb_is_told_of_for_people():
    told = {" ".join(c.argv) for page in PAGES for c in commands(page)}
    missing = [" ".join(v) for v in verbs() if not any(t.startswith(" ".join(v)) for t in told)]
    assert set(missing) <= {"features"}  # train builds what is missing; nobody has to


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_piece_of_configuration_is_a_configuration(page, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example")
    for text in blocks(page, "yaml"):
        document = yaml.safe_load(text.replace("${env:MLFLOW_TRACKING_URI}", "https://mlflow.example"))
        Config.model_validate(BASE | document)
        for name, mapping in Config.model_validate(BASE | document).tables.present().items():
            assert mapping.problems(name) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_on_a_page_is_python(page):
    for text in blocks(page, "python"):
        compile(text, page.name, "exec")


@pytest.mark.parametrize("page", EVERY, ids=NAME.values())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", h.lower()).strip()) for h in heads}


@pytest.mark.parametrize("page", EVERY, ids=NAME.values())
def test_no_page_knows_the_machine_it_was_written_on(page):
    text = page.read_text()
    assert not re.search(r"/(home|root|work|Users|tmp)/", text)
    assert not re.search(r"https?://(localhost|127\.|10\.|192\.168\.)", text)
    assert not re.search(r"extra-index-url|--index-url|artifactory|nexus", text)


def test_every_page_has_its_place_in_the_site_and_every_place_its_page():
    def places(nav):
        for entry in nav:
            for value in entry.values():
                yield from places(value) if isinstance(value, list) else [value]

    site = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
    pages = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")}
    assert sorted(places(site["nav"])) == sorted(pages)
