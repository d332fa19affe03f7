"""What the pages for people hold: blocks of code, commands, and what is shown of their output."""

import itertools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(p for p in sorted((ROOT / "docs").rglob("*.md")) if p.parent.name != "reference")]
NAMES = [p.relative_to(ROOT).as_posix() for p in PAGES]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OTHERS = {"python3", ".venv/bin/pip", ".venv/bin/pytest"}
"""Programs that are not ours: they make the environment that the tests already stand in."""


@dataclass(frozen=True)
class Command:
    """One call of our program on a page, and what the page shows of its output."""

    page: str
    argv: tuple[str, ...]
    shown: str = ""

    @property
    def project(self):
        """The business it is about: the folder of -c, of `init`, of `demo`."""
        if "-c" in self.argv:
            return self.argv[self.argv.index("-c") + 1]
        return {"init": "shop"}.get(self.argv[0]) or next((w for w in ("club",) if w in self.argv), "demo")


def blocks(page, language):
    return [text for found, text in FENCE.findall(page.read_text()) if found == language]


def calls(text):
    """The words of each call in a block of shell."""
    lines = text.replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in line.split("&&")]
    return [words for words in (tuple(shlex.split(part, comments=True)) for part in parts) if words]


def commands(page):
    """Every call of hvc-ml in the shell blocks of a page, in reading order."""
    found = []
    for (language, text), (after, shown) in itertools.pairwise([*FENCE.findall(page.read_text()), ("", "")]):
        ours = [words[1:] for words in calls(text) if words[0].endswith("hvc-ml")] if language == "sh" else []
        told = [""] * (len(ours) - 1) + [shown if after == "text" else ""]  # what is shown is what the last one prints
        found += [Command(page.relative_to(ROOT).as_posix(), *of) for of in zip(ours, told, strict=False)]
    return found


def scheduled(page):
    """Calls of hvc-ml in crontabs and in the operators of a DAG."""
    lines = [line.split(maxsplit=5)[5] for text in blocks(page, "cron") for line in text.splitlines()]
    lines += [line for text in blocks(page, "python") for line in re.findall(r'bash_command="(.*?)"', text)]
    return [words[1:] for line in lines for words in calls(line) if words[0].endswith("hvc-ml")]
