"""Thirty nights with kills, full disks, outages, late and duplicate files: every list is the one of a quiet machine."""

import random
import shutil
from collections import Counter
from datetime import timedelta

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from faults.injected import quietly, run, train
from hvc_ml.publish import verify_directory

NIGHTS = 30
RETRY = (8, 9, 10)
"""Codes after which a scheduler tries again; a kill is one more reason."""


@pytest.fixture(scope="module")
def evenings(shop, room):
    """A business trained on its first evening, and the orders of the days ahead, which come in files of their own."""
    folder = room / "evenings"
    shutil.copytree(shop.folder, folder)
    text = (folder / "hvc.yaml").read_text()
    (folder / "hvc.yaml").write_text(text.replace("orders: data/orders.parquet", "orders: data/orders"))
    orders = pq.read_table(folder / "data" / "orders.parquet")
    (folder / "data" / "orders.parquet").unlink()
    (folder / "data" / "orders").mkdir()
    days = pc.cast(orders["ordered_at"], "date32")
    last = pc.max(days).as_py()
    ahead = [last - timedelta(days=n) for n in range(NIGHTS)][::-1]
    pq.write_table(orders.filter(pc.less(days, ahead[0])), folder / "data" / "orders" / "before.parquet")
    train(folder)
    return folder, {day: orders.filter(pc.equal(days, day)) for day in ahead}


def deliver(folder, day, rows):
    pq.write_table(rows, folder / "data" / "orders" / f"{day.isoformat()}.parquet")


def newest(folder):
    return (folder / "lists" / "latest").resolve()


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def fault(rng):
    """A kill or a full disk at some write, or nothing."""
    call, k = rng.choice(("write", "fsync", "rename", "mkdir")), rng.randint(1, 40)
    how = rng.choice(("signal=KILL", "error=ENOSPC"))
    return ("-e", f"trace={call}", "-e", f"inject={call}:{how}:when={k}")


def night(folder, rng):
    """One scheduled job: the database may be away, the machine may die, and the job is tried again."""
    database, away = folder / "models" / "mlflow.db", folder / "models" / "away"
    outage = rng.random() < 0.15
    if outage:
        database.rename(away)
        database.mkdir()  # what is no database cannot be opened
    codes, argv = [], ["score", "-c", str(folder)]
    for attempt in range(6):
        faulty = attempt < 2 and rng.random() < 0.5
        ended = run(argv, *fault(rng))[0] if faulty else quietly(argv)
        codes.append(ended.code)
        assert "Traceback" not in ended.stderr
        if (folder / "lists" / "latest").is_symlink():
            verify_directory(newest(folder))
        if outage and attempt == 0:
            shutil.rmtree(database)
            away.rename(database)
        if ended.code == 0:
            return codes
        assert ended.code in (*RETRY, -9), ended
    pytest.fail(f"never done: {codes}")


@pytest.mark.parametrize("nights", [1, pytest.param(NIGHTS, marks=pytest.mark.deep)])
@pytest.mark.timeout(7200)
def test_every_list_is_the_one_of_a_quiet_machine(evenings, nights, room):
    origin, days = evenings
    quiet, troubled = (room / f"{nights} nights {kind}" for kind in ("quiet", "troubled"))
    shutil.copytree(origin, quiet, symlinks=True)
    shutil.copytree(origin, troubled, symlinks=True)
    rng, late, seen = random.Random(11), None, []
    for day, rows in list(days.items())[:nights]:
        is_late = rng.random() < 0.1
        for folder in (quiet, troubled):
            if late is not None:
                deliver(folder, *late)
            if not is_late:
                deliver(folder, day, rows)
        late = (day, rows) if is_late else None
        if rng.random() < 0.2:  # the same file twice changes nothing
            twice = troubled / "data" / "orders" / f"copy of {day.isoformat()}.parquet"
            shutil.copy(troubled / "data" / "orders" / "before.parquet", twice)
        assert quietly(["score", "-c", str(quiet)]).code == 0
        seen += night(troubled, rng)
        assert newest(troubled).name == newest(quiet).name
        assert contents(newest(troubled)) == contents(newest(quiet))
    troubles = Counter(seen)
    assert nights < NIGHTS or min(troubles[8], troubles[9], troubles[-9]) > 0, troubles  # all of it did go wrong
    inside = {p.name for p in (troubled / "lists").iterdir()}
    assert inside == {p.name for p in (quiet / "lists").iterdir()}
