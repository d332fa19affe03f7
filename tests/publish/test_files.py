import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from hvc_ml.errors import OutputError
from hvc_ml.publish import files as publishing
from hvc_ml.publish import (
    make_private_directory,
    output_errors,
    point_latest,
    private_umask,
    remove_file,
    write_bytes_atomic,
)


def test_a_file_is_replaced_whole_and_private(tmp_path):
    write_bytes_atomic(tmp_path / "new" / "a", b"one")
    write_bytes_atomic(tmp_path / "new" / "a", b"two")
    assert (tmp_path / "new" / "a").read_bytes() == b"two"
    assert stat.S_IMODE((tmp_path / "new" / "a").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_bytes_atomic(tmp_path / "a", b"one")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="Free some space"):
        write_bytes_atomic(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("write", [lambda at: write_bytes_atomic(at, b"x"), lambda at: point_latest(at, at.parent)])
def test_a_fault_of_the_disk_that_names_no_file_is_told_with_the_one_that_was_written(tmp_path, monkeypatch, write):
    def faulty(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", faulty)
    with pytest.raises(OutputError, match=f"^{tmp_path / 'a'}: "):
        write(tmp_path / "a")


def test_leftovers_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path):
    dead, living = tmp_path / ".a.staging-dead", tmp_path / ".a.staging-living"
    dead.write_bytes(b"")
    living.write_bytes(b"")
    with living.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_bytes_atomic(tmp_path / "a", b"x")
        assert sorted(p.name for p in tmp_path.iterdir()) == [living.name, "a"]


def test_what_is_half_written_is_private_and_told_apart_by_its_name(tmp_path, monkeypatch):
    seen, flush = [], os.fsync

    def look(descriptor):
        seen.extend((p.name, stat.S_IMODE(p.stat().st_mode)) for p in tmp_path.iterdir())
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_bytes_atomic(tmp_path / "a", b"x")
    (part, mode), whole = seen
    assert (part.startswith(".a.staging-"), mode, whole) == (True, 0o600, ("a", 0o600))


def test_a_file_system_without_locks_is_written_to_all_the_same(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(publishing.fcntl, "flock", none)
    write_bytes_atomic(tmp_path / "a", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_link_that_looks_like_a_leftover_is_not_ours_to_remove(tmp_path):
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / ".a.staging-link").symlink_to("kept")
    write_bytes_atomic(tmp_path / "a", b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".a.staging-link", "a", "kept"]


def test_a_place_that_a_neighbour_took_for_a_leftover_is_made_again(tmp_path, monkeypatch):
    lock, taken = fcntl.flock, []

    def snatch(descriptor, how):
        lock(descriptor, how)
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()

    monkeypatch.setattr(publishing.fcntl, "flock", snatch)
    write_bytes_atomic(tmp_path / "a", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_the_umask_is_private_inside_and_as_before_outside(tmp_path):
    before = os.umask(0o022)
    try:
        with private_umask():
            (tmp_path / "inside").touch()
            (tmp_path / "folder").mkdir()
        (tmp_path / "outside").touch()
        modes = [stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("inside", "folder", "outside")]
    finally:
        os.umask(before)
    assert modes == [0o600, 0o700, 0o644]


def test_parents_that_exist_keep_their_mode(tmp_path):
    tmp_path.chmod(0o755)
    make_private_directory(tmp_path / "a" / "b")
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (tmp_path, tmp_path / "a", tmp_path / "a" / "b")]
    assert modes == [0o755, 0o700, 0o700]


def test_an_output_error_stays_what_it_is_and_a_bug_keeps_its_type():
    with pytest.raises(OutputError, match=r"^first$"), output_errors(Path("x")):
        raise OutputError("first")
    with pytest.raises(KeyError), output_errors(Path("x")):
        raise KeyError("bug")
    with (
        pytest.raises(OutputError, match=r"^y: cannot be written \(Permission denied\)\. Give this user"),
        output_errors(Path("x")),
    ):
        raise PermissionError(errno.EACCES, "no", "y")


def test_a_file_is_removed_if_it_is_there_and_a_folder_in_its_place_is_said(tmp_path):
    (tmp_path / "rows").touch()
    for _ in range(2):
        remove_file(tmp_path / "rows")
        assert not (tmp_path / "rows").exists()
    (tmp_path / "rows").mkdir()
    with pytest.raises(OutputError, match="rows"):
        remove_file(tmp_path / "rows")
