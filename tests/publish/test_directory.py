import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hvc_ml.errors import ModelRefused, OutputError
from hvc_ml.publish import MANIFEST, point_latest, publish_directory, read_verified, verify_directory
from hvc_ml.publish import directory as publishing
from hvc_ml.publish.directory import remove_directory


def publish(target, text="one", meta=None, **options):
    with publish_directory(target, meta=meta or {"model_version": "1"}, **options) as staging:
        (staging / "list.csv").write_text(text)
        (staging / "deep").mkdir()
        (staging / "deep" / "scores.bin").write_bytes(b"\0\1")
    return staging


def fail_half_way(staging, error):
    (staging / "half").write_text("x")
    assert os.fspath(staging) == str(staging.path)
    raise error


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_generation_is_complete_private_and_says_what_it_holds(tmp_path):
    old = os.umask(0o000)
    try:
        staging = publish(tmp_path / "lists" / "a")
    finally:
        os.umask(old)
    target = tmp_path / "lists" / "a"
    manifest = verify_directory(target)
    assert not staging.identical
    assert manifest["meta"] == {"model_version": "1"}
    assert sorted(manifest["files"]) == ["deep/scores.bin", "list.csv"]
    assert entries(target.parent) == ["a"]
    modes = {stat.S_IMODE(p.stat().st_mode) for p in target.rglob("*") if p.is_file()}
    folders = {stat.S_IMODE(p.stat().st_mode) for p in (target.parent, target, target / "deep")}
    assert (modes, folders) == ({0o600}, {0o700})


def test_the_staging_directory_is_private_while_it_is_written(tmp_path):
    with publish_directory(tmp_path / "a", meta={}) as staging:
        assert stat.S_IMODE(staging.path.stat().st_mode) == 0o700
        assert staging.path.parent == tmp_path
        assert not staging.identical
        assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), SystemExit(143)])
def test_whatever_goes_wrong_nothing_is_published_and_nothing_is_left(tmp_path, error):
    publish(tmp_path / "a", "before")
    before = (tmp_path / "a" / MANIFEST).read_bytes()
    with pytest.raises(type(error)), publish_directory(tmp_path / "a", meta={}, replace=True) as staging:
        fail_half_way(staging, error)
    assert entries(tmp_path) == ["a"]
    assert (tmp_path / "a" / MANIFEST).read_bytes() == before


def test_the_same_generation_again_is_left_as_it_is(tmp_path):
    publish(tmp_path / "a")
    inode = (tmp_path / "a").stat().st_ino
    assert publish(tmp_path / "a").identical
    assert (tmp_path / "a").stat().st_ino == inode
    assert entries(tmp_path) == ["a"]


def test_another_generation_is_not_overwritten_unless_asked(tmp_path):
    publish(tmp_path / "a", "one")
    with pytest.raises(OutputError, match="another generation"):
        publish(tmp_path / "a", "two")
    assert (tmp_path / "a" / "list.csv").read_text() == "one"
    publish(tmp_path / "a", "two", replace=True)
    assert (tmp_path / "a" / "list.csv").read_text() == "two"
    assert entries(tmp_path) == ["a"]


def test_a_damaged_generation_is_not_identical(tmp_path):
    publish(tmp_path / "a")
    (tmp_path / "a" / "list.csv").write_text("tampered")
    with pytest.raises(OutputError):
        publish(tmp_path / "a")
    assert not publish(tmp_path / "a", replace=True).identical
    verify_directory(tmp_path / "a")


def test_an_old_generation_that_cannot_be_removed_does_not_undo_the_new_one(tmp_path, monkeypatch):
    def stubborn(path, *, ignore_errors=False):
        if not ignore_errors:
            raise PermissionError(errno.EACCES, "no", str(path))

    publish(tmp_path / "a", "one")
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", stubborn)
        publish(tmp_path / "a", "two", replace=True)
    assert (tmp_path / "a" / "list.csv").read_text() == "two"
    publish(tmp_path / "a", "three", replace=True)
    assert entries(tmp_path) == ["a"]


def test_what_json_cannot_hold_is_not_published(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        publish(tmp_path / "a", meta={"share": float("nan")})
    assert entries(tmp_path) == []


def test_a_run_that_died_between_the_two_renames_is_undone_by_the_next(tmp_path):
    publish(tmp_path / "a", "one")
    (tmp_path / "a").rename(publishing._aside(tmp_path / "a"))
    assert publish(tmp_path / "a", "one").identical
    publish(tmp_path / "b", "left aside")
    (tmp_path / "b").rename(publishing._aside(tmp_path / "a"))
    assert publish(tmp_path / "a", "one").identical
    assert entries(tmp_path) == ["a"]


def test_a_killed_run_leaves_a_staging_directory_that_the_next_removes(tmp_path):
    code = f"""
import sys, time
from pathlib import Path
from hvc_ml.publish import publish_directory
with publish_directory(Path({str(tmp_path / "a")!r}), meta={{}}) as staging:
    (staging / "half").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert child.stdout.readline() == b"ready\n"
    with publish_directory(tmp_path / "a", meta={}):
        assert len(entries(tmp_path)) == 2  # a living neighbour's is left alone
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert len(entries(tmp_path)) == 2
    publish(tmp_path / "b")
    assert len(entries(tmp_path)) == 3  # another target's leftovers are that target's to remove
    publish(tmp_path / "a", replace=True)
    assert entries(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_fails_is_an_output_error_that_says_what_to_do(tmp_path, monkeypatch, number, call):
    publish(tmp_path / "a", "one")

    def fails(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if call == "fsync":
            patch.setattr(os, "fsync", fails)
        else:
            patch.setattr(Path, "rename", fails)
        with pytest.raises(OutputError, match=os.strerror(number).replace("/", ".")) as raised:
            publish(tmp_path / "b", "two")
    assert raised.value.exit_code == 8
    assert "\n" not in str(raised.value)
    assert entries(tmp_path) == ["a"]
    publish(tmp_path / "b", "two")


def test_errors_of_reading_are_not_called_errors_of_writing(tmp_path):
    with pytest.raises(FileNotFoundError), publish_directory(tmp_path / "a", meta={}):
        (tmp_path / "missing").read_bytes()


def test_a_link_has_no_place_in_a_generation(tmp_path):
    with pytest.raises(OutputError), publish_directory(tmp_path / "a", meta={}) as staging:
        (staging / "link").symlink_to("/etc/hostname")
    assert entries(tmp_path) == []


def test_a_parent_that_is_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        publish(tmp_path / "file" / "a")


@pytest.mark.parametrize("error", [OutputError, ModelRefused])
@pytest.mark.parametrize("verify", [verify_directory, read_verified])
def test_every_kind_of_damage_is_refused_by_name(tmp_path, error, verify):
    target = tmp_path / "a"
    publish(target)
    manifest = (target / MANIFEST).read_text()
    good = json.loads(manifest)

    def refused(match):
        with pytest.raises(error, match=match):
            verify(target, error=error)

    (target / "list.csv").write_text("onf")
    refused("list.csv: SHA-256")
    (target / "list.csv").unlink()
    refused("1 of 2 files are missing .*list.csv")
    (target / "list.csv").write_text("one")
    verify(target, error=error)
    (target / "extra").write_text("")
    refused("not in its manifest .*extra")
    (target / "extra").unlink()
    (target / MANIFEST).write_text(manifest[:-10])
    refused("not JSON")
    (target / MANIFEST).write_text("[" * 100_000)
    refused("not JSON")
    (target / MANIFEST).write_text("[]")
    refused("not a manifest")
    (target / MANIFEST).write_text(json.dumps(good | {"format": 99}))
    refused("format")
    for name in ("../list.csv", "/etc/hostname", "deep/../list.csv", "", "a\0b"):
        (target / MANIFEST).write_text(json.dumps(good | {"files": {name: {"sha256": "0" * 64}}}))
        refused("not a manifest")
    (target / MANIFEST).unlink()
    refused("not complete")


def test_a_link_put_in_later_is_refused(tmp_path):
    publish(tmp_path / "a")
    (tmp_path / "a" / "list.csv").unlink()
    (tmp_path / "a" / "list.csv").symlink_to("/etc/hostname")
    with pytest.raises(ModelRefused):
        verify_directory(tmp_path / "a", error=ModelRefused)


def test_what_is_read_is_what_was_checked(tmp_path):
    publish(tmp_path / "a")
    manifest, contents = read_verified(tmp_path / "a")
    assert contents == {"list.csv": b"one", "deep/scores.bin": b"\0\1"}
    assert manifest["files"]["list.csv"]["bytes"] == 3


def test_a_directory_that_is_removed_loses_its_name_before_its_files(tmp_path, monkeypatch):
    publish(tmp_path / "a")

    def faulty(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", faulty)
        with pytest.raises(OutputError, match=f"^{tmp_path / 'a'}: "):
            remove_directory(tmp_path / "a")
    assert [name.startswith(".a.staging-") for name in entries(tmp_path)] == [True]
    publish(tmp_path / "a")
    assert entries(tmp_path) == ["a"]
    remove_directory(tmp_path / "a")
    assert entries(tmp_path) == []


def test_latest_is_switched_and_moves_with_its_folder(tmp_path):
    lists = tmp_path / "lists"
    for name in ("a", "b"):
        publish(lists / name, name)
        point_latest(lists / "latest", lists / name)
    assert (lists / "latest").readlink() == Path("b")
    lists.rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "latest" / "list.csv").read_text() == "b"
    assert entries(tmp_path / "moved") == ["a", "b", "latest"]


def test_latest_is_not_pointed_at_nothing_nor_put_over_a_folder(tmp_path):
    with pytest.raises(OutputError, match="not a directory"):
        point_latest(tmp_path / "latest", tmp_path / "missing")
    publish(tmp_path / "a")
    (tmp_path / "latest").mkdir()
    with pytest.raises(OutputError, match="stands where a link"):
        point_latest(tmp_path / "latest", tmp_path / "a")


def test_a_switch_that_died_half_way_is_finished_by_the_next(tmp_path):
    publish(tmp_path / "a")
    (tmp_path / ".latest.switch").symlink_to("elsewhere")
    point_latest(tmp_path / "latest", tmp_path / "a")
    assert entries(tmp_path) == ["a", "latest"]


def test_a_switch_that_others_disturb_is_tried_again(tmp_path, monkeypatch):
    publish(tmp_path / "a")
    switch, disturbed = Path.replace, []

    def disturb(path, target):
        if not disturbed:
            disturbed.append(path)
            raise FileNotFoundError
        return switch(path, target)

    monkeypatch.setattr(Path, "replace", disturb)
    point_latest(tmp_path / "latest", tmp_path / "a")
    assert (tmp_path / "latest").readlink() == Path("a")


def test_a_link_that_others_never_stop_switching_is_given_up(tmp_path, monkeypatch):
    publish(tmp_path / "a")

    def gone(*_):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "replace", gone)
    with pytest.raises(OutputError, match="keep switching"):
        point_latest(tmp_path / "latest", tmp_path / "a")
