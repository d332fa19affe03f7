"""The site builds without a complaint, and asks no other server for anything."""

import re
import shutil
import subprocess
import sys

import pytest

from docs.reading import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for module in ("zensical", "latex2mathml"):
        pytest.importorskip(module, reason="the site needs the extra: pip install '.[docs]'")
    house = tmp_path_factory.mktemp("house")
    for name in ("docs",):
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "zensical.toml", house)
    argv = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(argv, cwd=house, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "No issues found" in built.stderr + built.stdout
    return house / "build" / "docs"


def test_every_page_is_there(site):
    pages = {p.relative_to(ROOT / "docs").with_suffix("").as_posix() for p in (ROOT / "docs").rglob("*.md")} - {"index"}
    assert [p for p in pages if not (site / p / "index.html").is_file()] == []


def test_no_page_loads_anything_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(https?://[^"]+)"', page.read_text())
        assert loaded == [], page


def test_formulas_are_mathml_and_no_dollar_is_left_over(site):
    page = (site / "modelling" / "index.html").read_text()
    assert page.count("<math") > 30
    assert "$" not in re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
