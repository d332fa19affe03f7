"""The speed figures say what the results say."""

import re
import sys

import pytest

from benchmarks import plots
from benchmarks.results import FOLDER, read
from made.timed import FOUND


def runs(*seconds):
    return [{"seconds": s, "gigabytes": 1.0, "wall": s} for s in seconds]


RESULTS = {
    "features": [
        {"asked": {"orders": 2e6}, "found": {"scan": runs(1.0), "hvc-ml": runs(3.0, 4.0, 9.0), "pandas": runs(36.0)}},
        {"asked": {"orders": 1e8}, "found": {"parts": runs(200.0)}},
    ],
    "refresh": [{"asked": {"orders": 2e6}, "found": {"cold": runs(20.0), "keeping": runs(21.0), "night": runs(2.5)}}],
    "shap_speed": [
        {
            "asked": {"trees": 500},
            "found": {
                "31": {n: {"rows_per_second": r} for n, r in (("hvc-ml, double", 12_919.4), ("LightGBM", 237.0))}
            },
        }
    ],
    "end_to_end": [{"asked": {}, "found": FOUND}],
}


def words(svg):
    return re.findall(r">([^<>]+)</text>", svg)


@pytest.fixture(scope="module")
def figures():
    return plots.drawn(RESULTS)


def test_there_is_a_figure_for_every_benchmark_with_results(figures):
    assert set(figures) == set(RESULTS) == set(plots.FIGURES)
    assert set(plots.drawn({"refresh": RESULTS["refresh"]})) == {"refresh"}


def test_a_line_shows_medians_and_sizes_that_are_missing_for_one_are_missing(figures):
    [axes] = figures["features"].axes
    drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()}
    assert drawn["hvc-ml"] == ([2e6], [4.0])
    assert drawn["hvc-ml within a memory limit, labels too"] == ([1e8], [200.0])


def test_bars_say_their_figures(figures):
    assert {"12,919", "237"} <= set(words(plots.themed(figures["shap_speed"])))
    assert {"20.0", "21.0", "2.5"} <= set(words(plots.themed(figures["refresh"])))


def test_the_stages_add_up_to_all_of_both(figures):
    ours = sum(c["cpu"] for verb in ("train", "score") for c in FOUND[verb]["stages"].values())
    [axes] = figures["end_to_end"].axes
    assert max(p.get_x() + p.get_width() for p in axes.patches if p.get_y() < 0.5) == pytest.approx(ours)


def test_a_thorough_script_has_a_bar_too():
    [axes] = plots.drawn({"end_to_end": [{"asked": {}, "found": FOUND | {"thorough": FOUND["plain"]}}]})[
        "end_to_end"
    ].axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["hvc-ml", "plain script", "thorough script"]


def test_a_figure_follows_a_light_and_a_dark_page(figures):
    svg = plots.themed(figures["features"])
    assert "prefers-color-scheme: dark" in svg
    assert "var(--ink)" in svg
    assert "var(--model)" in svg
    assert svg == plots.themed(plots.drawn(RESULTS)["features"])


def test_the_command_writes_the_figures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["plots", "--results", str(FOLDER), "--to", str(tmp_path)])
    plots.main()
    assert {f"{line}" for line in capsys.readouterr().out.split()} == {p.name for p in tmp_path.iterdir()}


def test_the_figures_of_the_docs_are_those_of_the_results():
    for name, figure in plots.drawn(read(FOLDER)).items():
        kept = (plots.DOCS / f"speed_{name}.svg").read_text(encoding="utf-8")
        assert words(kept) == words(plots.themed(figure)), f"speed_{name}.svg: run python -m benchmarks.plots"
