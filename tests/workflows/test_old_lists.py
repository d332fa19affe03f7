"""Lists are kept as long as the config says, and no longer; what something still needs stays."""

import json
import shutil
from datetime import date

import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import OutputError
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST, verify_directory
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.forget import forget
from hvc_ml.workflows.old_lists import remove_old_lists
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop
from workflows.worked import shop

OLD, MIDDLE, NEWEST = (date(2024, m, 1) for m in (3, 5, 9))
"""The newest order is of 1 December: the midnight after it is 276, 215 and 92 days after these."""


def opened(project, days):
    project.path.write_text(f"{project.path.read_text()}list: {{keep_days: {days}}}\n")
    return load_config(project.path)


def removed(project, newest=f"{NEWEST}_aaaa"):
    with open_shop(project, Stages()) as found:
        assert found.now == date(2024, 12, 2)
        return remove_old_lists(found, project.lists / newest)


def kept(project):
    assert not [p.name for p in project.lists.glob(".*")]
    for past in past_lists(project):
        verify_directory(past.folder)
    return [past.cutoff for past in past_lists(project)]


@pytest.fixture
def three(tmp_path):
    return shop(tmp_path, cutoffs=(OLD, MIDDLE, NEWEST))


@pytest.mark.parametrize(
    ("days", "left"),
    [
        ("null", [OLD, MIDDLE, NEWEST]),
        (276, [OLD, MIDDLE, NEWEST]),
        (275, [MIDDLE, NEWEST]),
        (214, [NEWEST]),
        (1, [NEWEST]),  # whatever its age, the list that the team works from stays
    ],
)
def test_a_list_is_removed_when_it_is_older_than_the_config_keeps_it(three, days, left):
    project = opened(three, days)
    gone = removed(project)
    assert kept(project) == left
    assert gone == tuple(f"{cutoff}_aaaa" for cutoff in (OLD, MIDDLE, NEWEST) if cutoff not in left)
    assert removed(project) == ()


def test_a_list_that_was_worked_stays_because_campaigns_are_counted_anew_from_all_of_them(three, tmp_path):
    (tmp_path / "worked.csv").write_text("customer_id\nc200\n")
    folder = three.lists / f"{OLD}_aaaa"
    import_contacts(three, tmp_path / "worked.csv", worked=folder, replace=False, stages=Stages())
    project = opened(three, 1)
    assert removed(project) == (f"{MIDDLE}_aaaa",)
    assert kept(project) == [OLD, NEWEST]


def test_touches_of_the_source_make_a_list_worked_as_well(three, tmp_path):
    (tmp_path / "touches.csv").write_text("who,day,what\nc200,2024-05-03,call\n")
    text = three.path.read_text().replace("orders: orders.csv}", "orders: orders.csv, touches: touches.csv}")
    columns = "{customer_id: who, touched_at: day, action: what}"
    three.path.write_text(text.replace("tables:\n", f"tables:\n  touches:\n    columns: {columns}\n"))
    assert removed(opened(three, 1)) == (f"{OLD}_aaaa",)


@pytest.mark.parametrize("dies_at", ["rename", "rmtree"])
def test_what_dies_while_it_removes_leaves_whole_lists_and_the_next_run_goes_on(three, monkeypatch, dies_at):
    project = opened(three, 1)

    def full(*_args, **_kwargs):
        raise PermissionError(13, "no")

    place = "pathlib.Path.rename" if dies_at == "rename" else "hvc_ml.publish.directory.shutil.rmtree"
    with open_shop(project, Stages()) as found, monkeypatch.context() as broken:
        broken.setattr(place, full)
        with pytest.raises(OutputError):
            remove_old_lists(found, project.lists / f"{NEWEST}_aaaa")
    assert len(past_lists(project)) == (3 if dies_at == "rename" else 2)
    removed(project)
    assert kept(project) == [NEWEST]


def test_no_customer_outlives_being_forgotten_in_a_list_that_was_half_removed(three):
    (three.lists / f"{OLD}_aaaa").rename(three.lists / f".{OLD}_aaaa.staging-removed")
    forget(three, frozenset({"c200"}), stages=Stages())
    assert kept(three) == [MIDDLE, NEWEST]


def test_score_removes_tells_and_names_the_same_list_whatever_is_kept(copied, trained):
    text = copied.path.read_text()
    copied.path.write_text(text.replace("list:\n", "list:\n  keep_days: 30\n", 1))
    project, newest = load_config(copied.path), trained[2].list_dir.name
    old = project.lists / "2020-01-01_aaaa"
    shutil.copytree(project.lists / newest, old)
    said = json.loads((old / MANIFEST).read_text())
    (old / MANIFEST).write_text(json.dumps({**said, "meta": {**said["meta"], "cutoff": "2020-01-01"}}))
    result = score(project, cutoff=None, limits=Limits(), stages=Stages())
    assert result.list_dir.name == newest
    assert result.as_json()["lists_removed"] == [old.name]
    assert result.old_lists == "1 list older than 30 days was removed (list.keep_days)."
    assert [p.name for p in sorted(project.lists.iterdir())] == [newest, "latest"]
    assert (project.lists / "latest").resolve() == result.list_dir.resolve()
    assert trained[2].old_lists == ""
