import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hvc_ml.errors import LockHeld, OutputError
from hvc_ml.publish import RunLock

HOLD = "import sys, time; from pathlib import Path; from hvc_ml.publish import RunLock\nwith RunLock(Path(sys.argv[1])):\n print('held', flush=True); time.sleep(60)"


def test_the_second_run_is_told_who_is_at_work(tmp_path):
    path = tmp_path / ".hvc-ml" / "lock"
    with RunLock(path), pytest.raises(LockHeld, match=f"process {os.getpid()} is at work") as raised, RunLock(path):
        pass
    assert raised.value.exit_code == 10
    with RunLock(path):
        pass


@pytest.mark.parametrize("said", [b"", b"\xff\xfe", b"me"])
def test_a_holder_whose_name_cannot_be_read_is_another_process(tmp_path, said):
    with RunLock(tmp_path / "lock"):
        (tmp_path / "lock").write_bytes(said)
        with pytest.raises(LockHeld, match=": another process is"), RunLock(tmp_path / "lock"):
            pass


def test_a_holder_that_has_not_yet_written_its_name_is_asked_again(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    with RunLock(path):
        path.write_bytes(b"")
        monkeypatch.setattr("time.sleep", lambda _: path.write_text("4711\n"))
        with pytest.raises(LockHeld, match="process 4711 is at work"), RunLock(path):
            pass


def test_a_holder_that_is_leaving_hands_the_lock_over(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    leaving = RunLock(path).__enter__()
    path.write_bytes(b"")
    monkeypatch.setattr("time.sleep", lambda _: leaving.__exit__(None, None, None))
    with RunLock(path):
        assert path.read_text().strip() == str(os.getpid())


def test_a_crash_releases_the_lock(tmp_path):
    path = tmp_path / "lock"
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(LockHeld, match=str(child.pid)), RunLock(path):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with RunLock(path):
        assert path.read_text().strip() == str(os.getpid())


def test_an_error_inside_releases_the_lock(tmp_path):
    with pytest.raises(KeyError), RunLock(tmp_path / "lock"):
        raise KeyError
    with RunLock(tmp_path / "lock"):
        pass


def test_the_lock_file_is_private_and_empty_afterwards(tmp_path):
    old = os.umask(0o000)
    try:
        with RunLock(tmp_path / "lock"):
            assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    finally:
        os.umask(old)
    assert (tmp_path / "lock").read_bytes() == b""


def test_a_disk_that_fails_at_the_end_does_not_keep_the_lock(tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, RunLock(tmp_path / "lock"):
        patch.setattr(os, "ftruncate", fails)
    with RunLock(tmp_path / "lock"):
        pass


@pytest.mark.parametrize("call", ["open", "ftruncate", "pwrite"])
def test_a_lock_that_cannot_be_written_is_an_output_error_and_nobodys(tmp_path, monkeypatch, call):
    def fails(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(OutputError, match=f"^{tmp_path / 'lock'}: "), RunLock(tmp_path / "lock"):
            pass
    with RunLock(tmp_path / "lock"):
        pass
