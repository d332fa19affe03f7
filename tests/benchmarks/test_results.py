"""Results say where they were measured, and nothing of the machine's folders."""

import re

from benchmarks.results import FOLDER, read, record


def test_a_result_names_machine_and_versions_and_no_path(tmp_path):
    asked = {"orders": 2e6, "folder": tmp_path, "json": tmp_path / "a.json", "run": None}
    record(tmp_path / "a.json", "features", asked, {"scan": []}, ["numpy", "no-such-package"])
    [result] = read(tmp_path)["features"]
    assert result["asked"] == {"orders": 2e6}
    assert result["machine"]["packages"]["no-such-package"] == "not installed"
    assert str(tmp_path) not in (tmp_path / "a.json").read_text()


def test_the_projects_results_hold_no_path():
    for path in FOLDER.glob("*.json"):
        assert not re.search(r'"(/|[A-Za-z]:\\\\|~)', path.read_text()), path
