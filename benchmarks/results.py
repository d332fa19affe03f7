"""What a benchmark found, as JSON: with machine and versions, and no path of the machine in it."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "results"
"""Results that are kept with the project; `benchmarks.plots` draws them."""

Result = dict[str, Any]


def record(path: Path, benchmark: str, asked: Mapping[str, Any], found: Any, packages: Sequence[str]) -> None:
    """Write a result.

    Parameters
    ----------
    path
        A .json file.
    benchmark
        Which one: ``features``, ``shap_speed``, ``end_to_end``.
    asked
        Its options; those that are paths, or were not given, are left out.
    found
        What was measured, as plain values.
    packages
        Whose versions matter.
    """
    said = {name: value for name, value in asked.items() if not isinstance(value, Path | None)}
    result = {"benchmark": benchmark, "machine": machine(packages), "asked": said, "found": found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """Where and with what it was measured.

    Examples
    --------
    >>> sorted(machine(["numpy"]))
    ['cores', 'kind', 'packages', 'python']
    """
    return {
        "kind": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in packages},
    }


def version_of(package: str) -> str:
    """Its version, or that it is not installed.

    Examples
    --------
    >>> version_of("no-such-package")
    'not installed'
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def read(folder: Path) -> dict[str, list[Result]]:
    """The results of a folder by benchmark, in the order of their files' names."""
    found: dict[str, list[Result]] = {}
    for path in sorted(folder.glob("*.json")):
        result: Result = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(result["benchmark"], []).append(result)
    return found
