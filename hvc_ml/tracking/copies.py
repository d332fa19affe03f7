"""Verified local copies of bundles under ``models/bundles``: scoring works while the registry does not."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from hvc_ml.publish import MANIFEST, make_private_directory, output_errors, write_bytes_atomic
from hvc_ml.publish.files import private_place
from hvc_ml.publish.sweep import sweep

LAST: Final = "champion.json"


@dataclass(frozen=True)
class Champion:
    """The version that scores.

    Attributes
    ----------
    version
        Its number in the registry.
    folder
        A local copy of its bundle whose manifest is the registered one; the bundle's reader checks the rest.
    run_id
        The training that made it.
    stale
        The registry did not answer, and this is the champion it named last.
    """

    version: int
    folder: Path
    run_id: str
    stale: bool = False


def digest_of(bundle: Path) -> str | None:
    """SHA-256 of a bundle's manifest, None where there is none."""
    try:
        return sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return None


def copy_of(folder: Path, digest: str) -> Path:
    """Where the copy of a bundle belongs."""
    return folder / "bundles" / digest[:16]


def card_of(folder: Path, version: int) -> Path:
    """Where the model card of a version belongs.

    Examples
    --------
    >>> card_of(Path("models"), 3).as_posix()
    'models/cards/version_3.md'
    """
    return folder / "cards" / f"version_{version}.md"


def keep_copy(folder: Path, bundle: Path, digest: str) -> None:
    """Copy a bundle, unless it is there already."""
    copy = copy_of(folder, digest)
    sweep(copy.parent)
    if digest_of(copy) == digest:
        return
    with workspace(copy.parent) as place:
        move_in(Path(shutil.copytree(bundle, place / "bundle")), copy)


def move_in(came: Path, copy: Path) -> None:
    """Make a bundle private and put it in its place."""
    for path in (came, *came.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    shutil.rmtree(copy, ignore_errors=True)
    came.rename(copy)


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """A private folder beside the copies, gone afterwards; those of runs that died are removed.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with output_errors(parent):
        make_private_directory(parent)
        place, lock = private_place(parent / "copy", directory=True)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
            os.close(lock)


def remember(folder: Path, version: int, digest: str, run_id: str) -> None:
    """Note who is champion."""
    said = json.dumps({"version": version, "bundle_sha256": digest, "run_id": run_id}, sort_keys=True)
    if (folder / LAST).is_file() and (folder / LAST).read_text(encoding="utf-8") == f"{said}\n":
        return
    write_bytes_atomic(folder / LAST, f"{said}\n".encode())


def last_champion(folder: Path) -> Champion | None:
    """Return the champion that the registry named last, where its copy is intact; it may be outdated."""
    try:
        said = json.loads((folder / LAST).read_bytes())
        copy = copy_of(folder, str(said["bundle_sha256"]))
        if digest_of(copy) != said["bundle_sha256"]:
            return None
        return Champion(int(said["version"]), copy, str(said["run_id"]), stale=True)
    except (OSError, ValueError, KeyError, TypeError):
        return None
