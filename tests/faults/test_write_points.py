"""A fault at any write leaves the last list whole, says what to do, and is healed by the next run."""

import shutil

import pytest

from faults.injected import WRITES, counted, quietly, run, train
from hvc_ml.publish import verify_directory

FAULTS = {
    "write": ("ENOSPC", "KILL"),
    "pwrite64": ("ENOSPC", "KILL"),
    "writev": ("ENOSPC",),
    "ftruncate": ("EIO",),
    "fsync": ("EIO", "KILL"),
    "rename": ("EIO", "KILL"),
    "mkdir": ("ENOSPC", "KILL"),
    "symlink": ("ENOSPC", "KILL"),
    "unlink": ("EIO", "KILL"),
    "rmdir": ("KILL",),
    "fchmod": ("EIO",),
}
EXPECTED = (0, 8, 9, -9)
"""Done, output not written, MLflow's database not reachable, killed."""


@pytest.fixture(scope="module")
def scored(shop, tmp_path_factory):
    """A trained business, the writes of its `score`, and the files that one leaves."""
    origin, work = (tmp_path_factory.mktemp(name) / "shop" for name in ("origin", "work"))
    shutil.copytree(shop.folder, origin)
    train(origin)
    fresh(origin, work)
    calls = counted(["score", "-c", str(work)])
    return origin, work, calls, files(work)


def fresh(origin, work):
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(origin, work, symlinks=True)


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if ".hvc-ml" not in p.parts}


def holds(scored, call, error, k):
    """One fault, what it left, and whether the next run heals it."""
    origin, work, _, expected = scored
    fresh(origin, work)
    how = f"signal={error}" if error == "KILL" else f"error={error}"
    ended, _ = run(["score", "-c", str(work)], "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={k}")
    fault = f"{call} {k} {error}"
    assert ended.code in EXPECTED, (fault, ended)
    assert "Traceback" not in ended.stderr, (fault, ended)
    latest = work / "lists" / "latest"
    if latest.is_symlink():
        verify_directory(latest.resolve())
    again = quietly(["score", "-c", str(work)])
    assert again.code == 0, (fault, again)
    assert files(work) == expected, fault


def points(calls, most):
    """Faults spread over the writes of a run: all of them, or about ``most``."""
    found = [(c, e, k) for c in WRITES if c in calls for e in FAULTS[c] for k in range(1, calls[c] + 1)]
    step = max(1, len(found) // most)
    return found[step // 2 :: step]


@pytest.mark.timeout(900)
def test_faults_spread_over_the_writes_of_a_run_tear_nothing(scored):
    chosen = points(scored[2], 4)
    assert len(chosen) >= 4
    for point in chosen:
        holds(scored, *point)


@pytest.mark.deep
@pytest.mark.timeout(7200)
def test_a_fault_at_every_write_tears_nothing(scored):
    for point in points(scored[2], 10_000):
        holds(scored, *point)
