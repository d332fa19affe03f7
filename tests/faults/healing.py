"""One fault at one write of a run: what it may leave, and whether the next run heals it."""

import hashlib
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from faults.injected import failing, quietly, run, written
from hvc_ml.publish import verify_directory

ERRORS = ("ENOSPC", "EIO", "KILL")
EXPECTED = (0, 8, 9, -9)
"""Done, output not written, MLflow's database not reachable, killed."""

_RANDOM = re.compile(
    r"(?<=staging-)\w{8}|(?<=engine-)\w{8}|(?<=uploading\.)\w{8}|(?<=tmp)\w{8}|(?<=certificates/)\w+|[0-9a-f]{32}"
)


@dataclass
class Trouble:
    """A run to be disturbed at each of its writes.

    Parameters
    ----------
    argv
        The verb and its options; the folder of the project is added.
    origin
        The project as it is before each run.
    work
        Where the run takes place; ``temp`` beside it takes the temporary files.
    """

    argv: list[str]
    origin: Path
    work: Path
    calls: list[tuple[str, int, str]] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    healed: set[str] = field(default_factory=set)

    @property
    def temp(self):
        """Temporary files of the runs."""
        return self.work.with_name(f"{self.work.name} temp")

    @property
    def command(self):
        """The verb on this project."""
        return [*self.argv, "-c", str(self.work)]

    def measured(self):
        """List the writes of an undisturbed run, and keep the names of the files it leaves."""
        self.fresh()
        assert quietly(self.command, temp=self.temp, learn=True).code == 0
        self.fresh()
        self.calls = written(self.command, temp=self.temp)
        self.expected = self.files()
        return self

    def fresh(self):
        """As before the first run."""
        for folder in (self.work, self.temp):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.origin, self.work, symlinks=True)
        self.temp.mkdir()

    def files(self):
        """Names below the project, those drawn at random made equal."""
        names = (p.relative_to(self.work) for p in self.work.rglob("*"))
        return {_RANDOM.sub("*", n.as_posix()) for n in names if n.parts[0] != ".hvc-ml"}

    def points(self):
        """Each kind of fault at each write of the run."""
        return [(call, error, k) for call, k, _ in self.calls for error in ERRORS]

    def places(self):
        """One fault at each file and each way it is written, the kinds of faults by turns."""
        calls = {(call, _RANDOM.sub("*", file)): (call, k) for call, k, file in self.calls}
        return [(call, ERRORS[i % 3], k) for i, (call, k) in enumerate(calls.values())]

    def told(self, point):
        """What is wrong after one fault: an empty text, or a line."""
        self.fresh()
        ended, _ = run(self.command, *failing(*point), temp=self.temp)
        wrong = self._ending(ended) or self._torn() or self._next_run()
        return f"{' '.join(map(str, point))}: {wrong}" if wrong else ""

    def _ending(self, ended):
        if ended.code not in EXPECTED or "Traceback" in ended.stderr:
            return f"ended {ended.code}: {ended.stderr[-600:]}"
        return ""

    def _torn(self):
        """Whatever stands under its final name must be whole."""
        for manifest in self.work.rglob("MANIFEST.json"):
            ours = "artifacts" not in manifest.parts  # others are MLflow's copies
            if ours and ".staging-" not in str(manifest):
                verify_directory(manifest.parent)
        before = self.origin / "lists" / "latest"
        return "latest is gone" if before.is_symlink() and not (self.work / "lists" / "latest").is_dir() else ""

    def _next_run(self):
        """Run again, unless a run was seen to heal the very same files before."""
        self._age()
        left = self._state()
        if left in self.healed:
            return ""
        for command in self._remedy():
            again = quietly(command, temp=self.temp)
            if again.code:
                return f"then {' '.join(command[:2])} {again.code}: {again.stderr[-600:]}"
        self.healed.add(left)
        strays = sorted(self._strays()) + [p.name for p in self.temp.glob("hvc-*")]
        return f"strays: {strays}" if strays else ""

    def _remedy(self):
        """What a scheduler runs next."""
        return [self.command]

    def _strays(self):
        return self.files() ^ self.expected

    def _age(self):
        """What a dead engine left is removed by the next run once it is a minute old."""
        for left in self.temp.iterdir():
            os.utime(left, (time.time() - 3600,) * 2)

    def _state(self):
        """A digest of all that the next run will find."""
        digest = hashlib.sha256()
        for folder in (self.work, self.temp):
            for path in sorted(folder.rglob("*")):
                name = _RANDOM.sub("*", path.relative_to(folder).as_posix())
                digest.update(f"{name}\0{path.is_symlink() and path.readlink()}\0".encode())
                if path.is_file() and folder == self.work and not path.is_symlink() and path.name != "run.lock":
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


class TrainingTrouble(Trouble):
    """A training to be disturbed: what it saved before MLflow fell silent is registered, else it trains again."""

    def _remedy(self):
        at = ["-c", str(self.work)]
        pending = list((self.work / "models" / "pending").glob("*.json"))
        return [["models", "register", *at] if pending else self.command, ["score", *at]]

    def _strays(self):
        """Of a run that died MLflow keeps a part; a version more has a card more, and lists come with the score at the end."""
        more = {n for n in self.files() - self.expected if not n.startswith("lists")}
        allowed = ("models/pending", "models/cards/")
        return {n for n in more if not n.startswith(allowed) and ".artifact.uploading." not in n}
