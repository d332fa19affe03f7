"""What dead runs left is put back or removed; what living ones are at work on stays."""

import fcntl
import os

import pytest

from hvc_ml.errors import OutputError
from hvc_ml.publish.sweep import sweep


def test_half_written_ones_go_and_those_moved_aside_come_back(tmp_path):
    for name in (".list.staging-ab1", ".gone.replaced", ".there.replaced", "there", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows").write_text(name)
    (tmp_path / ".file.staging-x").write_text("half")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "gone", "there"]
    assert (tmp_path / "gone" / "rows").read_text() == ".gone.replaced"
    assert (tmp_path / "there" / "rows").read_text() == "there"


def test_a_living_run_is_left_alone(tmp_path):
    place = tmp_path / ".list.staging-ab1"
    place.mkdir()
    descriptor = os.open(place, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    sweep(tmp_path)
    assert place.is_dir()
    os.close(descriptor)
    sweep(tmp_path)
    assert not place.is_dir()


def test_no_folder_is_nothing_to_do(tmp_path):
    sweep(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_removed_is_said(tmp_path, monkeypatch):
    (tmp_path / ".a.staging-1").mkdir()

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(OutputError, match=f"^{tmp_path}: cannot be written"):
        sweep(tmp_path)


def test_a_link_in_the_place_of_a_leftover_is_not_followed(tmp_path):
    (tmp_path / "kept").mkdir()
    link = tmp_path / ".list.staging-ab1"
    link.symlink_to("kept")
    with pytest.raises(OutputError, match=f"{link}.*link"):
        sweep(tmp_path)
    assert link.is_symlink()
    assert (tmp_path / "kept").is_dir()


def test_a_leftover_that_vanishes_meanwhile_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / ".list.staging-ab1").mkdir()
    (tmp_path / ".list.staging-cd2").mkdir()
    look = os.open

    def too_late(path, how):
        path.rmdir()
        return look(path, how)

    monkeypatch.setattr(os, "open", too_late)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
