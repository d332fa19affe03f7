"""A fault at every single write of publishing: whatever stands is whole, and the next night is as if nothing had been.

Lists, panels, models and receipts all go through these few functions, so here every write of theirs fails in each way.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.healing import ERRORS
from faults.injected import WRITES, failing, needs_strace
from faults.publishing import night
from hvc_ml.publish import verify_directory

SCRIPT = Path(__file__).with_name("publishing.py")


class Nights:
    """One business in small: a night that went well, and the next one, to be disturbed."""

    def __init__(self, folder):
        self.origin, self.work, self.trace = folder / "origin", folder / "work", folder / "trace"
        night(self.origin, 1)

    def run(self, *options):
        """Publish night 2 on a fresh copy, under strace."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.origin, self.work, symlinks=True)
        command = ["strace", "-f", "-qq", "-o", str(self.trace), *options, sys.executable, "-B", str(SCRIPT)]
        return subprocess.run([*command, str(self.work)], capture_output=True, text=True, check=False)

    def points(self):
        """Each kind of fault at each of its writes."""
        every = self.run("-e", f"trace={','.join(WRITES)}")
        assert every.returncode == 0, every.stderr
        seen, found = {}, []
        for call in re.findall(r"^\d+\s+(\w+)\(", self.trace.read_text(), flags=re.MULTILINE):
            seen[call] = seen.get(call, 0) + 1
            found += [(call, error, seen[call]) for error in ERRORS]
        return found

    def told(self, point):
        """What is wrong after one fault, or an empty text."""
        done = self.run(*failing(*point))
        if done.returncode not in {0, 8, -9} or "Traceback" in done.stderr:
            return f"{point} ended {done.returncode}: {done.stderr[-400:]}"
        if problem := self.torn():
            return f"{point}: {problem}"
        night(self.work, 2)
        expected = {p.relative_to(self.whole) for p in self.whole.rglob("*")}
        left = {p.relative_to(self.work) for p in self.work.rglob("*")}
        return f"{point}: {sorted(left ^ expected)}" if left != expected or self.numbers() != {2} else ""

    @property
    def whole(self):
        """Both nights without any fault."""
        place = self.origin.with_name("whole")
        if not place.exists():
            shutil.copytree(self.origin, place, symlinks=True)
            night(place, 2)
        return place

    def numbers(self):
        """Of which night each thing that stands is."""
        lists = verify_directory(self.work / "lists" / "latest")["meta"]["night"]
        panel = verify_directory(self.work / "features" / "cutoff")["meta"]["night"]
        return {lists, panel, int(json.loads((self.work / "champion.json").read_bytes())["version"])}

    def torn(self):
        """Whatever stands under its final name is whole; a partition may be set aside for the next night to put back."""
        for folder in [
            p for name in ("models/bundle-*", "lists/night-*", "features/cutoff") for p in self.work.glob(name)
        ]:
            verify_directory(folder)
        aside = not (self.work / "features" / "cutoff").exists()
        if aside and not list((self.work / "features").glob(".cutoff*")):
            return "the partition is gone"
        json.loads((self.work / "champion.json").read_bytes())
        verify_directory(self.work / "lists" / "latest")
        return ""


@pytest.mark.timeout(300)
def test_every_write_of_publishing_may_fail_in_every_way(tmp_path):
    needs_strace()
    nights = Nights(tmp_path)
    points = nights.points()
    assert len(points) >= 150
    assert [wrong for point in points if (wrong := nights.told(point))] == []
