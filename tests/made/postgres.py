"""A PostgreSQL server that lives as long as a test session, in a folder of its own."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from made.logs import PLAIN

PASSWORD = "corr3ct:h0rse"  # noqa: S105 # of a server that lives for a test
"""Holds a colon, as passwords do; in a URL it is written %3A."""


@dataclass(frozen=True)
class Server:
    """Where it listens; `stop` and `start` are for tests of an outage."""

    port: int
    programs: Path
    folder: Path

    def url(self, database: str = "postgres", user: str = "ann", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password.replace(':', '%3A')}@127.0.0.1:{self.port}/{database}"

    def sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each on its own, as the owner of everything."""
        told = [word for s in statements for word in ("-c", s)]
        argv = [self.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *told, self.url(database)]
        subprocess.run(argv, check=True, capture_output=True, env={**os.environ, "PGCLIENTENCODING": "UTF8"})


def programs() -> Path | None:
    """Where the server's programs are, or None; Debian keeps them off the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    places = [*debian[::-1], *(Path(p) for p in os.get_exec_path())]
    return next((p for p in places if all((p / n).is_file() for n in ("initdb", "pg_ctl", "psql"))), None)


@contextlib.contextmanager
def serving(where: Path) -> Iterator[Server]:
    """Start a server with the programs in ``where``; it refuses to run as root, so root hands it to somebody else."""
    owner = _somebody() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="hvc-postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "password").write_text(PASSWORD)
    if owner is not None:
        for path in (folder, folder / "password"):
            os.chown(path, owner, -1)

    def run(program: str, *words: str) -> None:
        argv = [where / program, "-D", folder / "data", *words]
        subprocess.run(argv, check=True, user=owner, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    secret = f"--pwfile={folder / 'password'}"
    try:
        run("initdb", "-U", "ann", "-A", "scram-sha-256", secret, "-E", "UTF8", "--locale=C", "--no-sync")
        listen = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", listen, "start")
        try:
            yield Server(port, where, folder)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> int:
    known = {p.pw_name: p.pw_uid for p in pwd.getpwall()}
    return known.get("postgres", known.get("nobody", 65534))


def orders(loaded, base, source, table, **mapping):  # what the room's fixtures give
    """A table of the server, loaded as orders while the block runs."""
    return loaded(base, source, orders={"table": table, "columns": mapping.pop("columns", PLAIN), **mapping})
