"""Notebooks are kept without outputs; their pages are what they print when they run."""

import json

import nbformat
import pytest

from docs.handbook.notebooks import notebook_pages, rendered
from docs.reading import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = ROOT / "docs" / "notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = json.loads(path.read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_page_of_a_notebook_has_its_cells_in_their_order(path):
    page = (PAGES / f"{path.stem}.md").read_text()
    at = 0
    for cell in nbformat.read(path, as_version=4).cells:
        at = page.find(cell.source, at)
        assert at >= 0, f"run: python -m docs.handbook --notebooks; not there: {cell.source[:60]}"


def test_what_a_cell_prints_draws_and_is_worth_stands_under_it():
    new = nbformat.v4
    outputs = [
        new.new_output("stream", name="stderr", text="a warning"),
        new.new_output("stream", name="stdout", text="printed \n"),
        new.new_output("display_data", data={"image/png": "AAAA", "text/plain": "<Figure>"}),
        new.new_output("execute_result", data={"text/plain": "42"}),
    ]
    cells = [new.new_markdown_cell("# Title"), new.new_code_cell("f()", outputs=outputs)]
    (place, picture), (name, page) = rendered("one", new.new_notebook(cells=cells))
    assert (place, picture) == ("notebooks/one-1.png", b"\0\0\0")
    assert name == "notebooks/one.md"
    assert page.decode().endswith("```text\nprinted\n```\n\n![Title](one-1.png)\n\n```text\n42\n```\n")


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_the_pages_are_what_the_notebooks_print():
    for name, content in notebook_pages():
        if name.endswith(".md"):
            assert (ROOT / "docs" / name).read_bytes() == content, "run: python -m docs.handbook --notebooks"
