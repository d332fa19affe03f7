import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hvc_ml.errors import LockHeld
from hvc_ml.publish import RunLock

HOLD = "import sys, time; from pathlib import Path; from hvc_ml.publish import RunLock\nwith RunLock(Path(sys.argv[1])):\n print('held', flush=True); time.sleep(60)"


def test_the_second_run_is_told_who_is_at_work(tmp_path):
    path = tmp_path / ".hvc-ml" / "lock"
    with RunLock(path), pytest.raises(LockHeld, match=f"process {os.getpid()} is at work") as raised, RunLock(path):
        pass
    assert raised.value.exit_code == 10
    with RunLock(path):
        pass


def test_a_holder_that_has_not_written_its_name_yet_is_another_process(tmp_path):
    with RunLock(tmp_path / "lock"):
        os.truncate(tmp_path / "lock", 0)
        with pytest.raises(LockHeld, match="another process"), RunLock(tmp_path / "lock"):
            pass


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
