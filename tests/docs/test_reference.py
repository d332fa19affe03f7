"""Reference pages are made from the code, and current."""

import doctest
import importlib
import pkgutil

import pytest

from docs import handbook
from docs.handbook.__main__ import main
from docs.handbook.commands import verbs
from docs.handbook.pages import PAGES
from docs.handbook.settings import default, docstrings, meaning, sections, told
from docs.reading import ROOT
from hvc_ml.config import Config
from hvc_ml.errors import HvcError

NEEDS_THE_EXTRA = {"formulas"}


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_says_what_the_code_says(name):
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run: python -m docs.handbook"


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(handbook.__path__)])
def test_examples_in_what_makes_the_pages_run(name):
    if name in NEEDS_THE_EXTRA:
        pytest.importorskip("latex2mathml", reason="formulas need the extra: pip install '.[docs]'")
    assert doctest.testmod(importlib.import_module(f"docs.handbook.{name}")).failed == 0


def test_every_verb_and_every_exit_code_is_there():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    assert all(f"## hvc-ml {' '.join(words)}\n" in page for words in verbs())
    assert all(f"| `{error.exit_code}` |" in page for error in HvcError.__subclasses__())


def test_every_key_has_a_value_a_default_and_a_meaning():
    for place, model in sections():
        says = docstrings(model)
        for name, info in model.model_fields.items():
            cells = told(info), default(info), meaning(info, says.get(name))
            assert all(cells), f"{place}.{name}: {cells}"
            assert "any" not in cells[0].split(), f"{place}.{name}"


def test_every_section_of_a_configuration_is_there():
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert [name for name in Config.model_fields if f"| `{name}` |" not in page] == []


def test_the_pages_are_written_where_they_are_asked_for(tmp_path):
    main([], tmp_path)
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.md")} == set(PAGES)
