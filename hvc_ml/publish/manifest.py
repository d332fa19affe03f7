"""What a generation holds, file by file, with the SHA-256 of each; and whether it still does."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from hvc_ml.errors import HvcError, OutputError
from hvc_ml.publish.files import PRIVATE_DIRECTORY, PRIVATE_FILE, files, sha256, sync

MANIFEST: Final = "MANIFEST.json"
FORMAT: Final = 1


def verify_directory(path: Path, *, error: type[HvcError] = OutputError) -> dict[str, Any]:
    """Check every file of a generation against its manifest.

    Parameters
    ----------
    path
        A directory that `publish_directory` wrote.
    error
        What to raise: ``OutputError`` for lists, ``ModelRefused`` for models.

    Returns
    -------
    dict
        The manifest: ``format``, ``meta``, and ``files`` (name -> ``bytes``, ``sha256``).

    Raises
    ------
    HvcError
        Of the type ``error``, when the manifest is missing or unreadable, or a file is missing, changed, or too many.
    """
    manifest = read_manifest(path, error)
    _check_names(path, manifest, error)
    for name, entry in manifest["files"].items():
        try:
            found = sha256(path / name)
        except OSError as reason:
            raise error(f"{path / name}: cannot be read ({reason.strerror}).") from None
        _check_hash(path / name, entry["sha256"], found, error)
    return manifest


def read_verified(path: Path, *, error: type[HvcError] = OutputError) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a generation into memory, each file checked on the very bytes that are handed out.

    Parameters
    ----------
    path
        A directory that `publish_directory` wrote.
    error
        What to raise when it is not intact.

    Returns
    -------
    manifest, contents
        The manifest, and the bytes of each file by its name in it.

    Raises
    ------
    HvcError
        Of the type ``error``, as for `verify_directory`.
    """
    manifest = read_manifest(path, error)
    _check_names(path, manifest, error)
    contents = {}
    for name, entry in manifest["files"].items():
        try:
            contents[name] = (path / name).read_bytes()
        except OSError as reason:
            raise error(f"{path / name}: cannot be read ({reason.strerror}).") from None
        _check_hash(path / name, entry["sha256"], hashlib.sha256(contents[name]).hexdigest(), error)
    return manifest, contents


def seal(path: Path, meta: Mapping[str, Any]) -> None:
    """Make everything private, write the manifest, flush to disk."""
    entries: dict[str, dict[str, str | int]] = {}
    for file in files(path):
        file.chmod(PRIVATE_FILE)
        sync(file)
        entries[file.relative_to(path).as_posix()] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
    document = {"format": FORMAT, "meta": dict(meta), "files": entries}
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    manifest = path / MANIFEST
    manifest.write_text(text + "\n", encoding="utf-8")
    manifest.chmod(PRIVATE_FILE)
    sync(manifest)
    for folder in [*(f for f in path.rglob("*") if f.is_dir()), path]:
        folder.chmod(PRIVATE_DIRECTORY)
        sync(folder)


def read_manifest(path: Path, error: type[HvcError]) -> dict[str, Any]:
    """The manifest of a generation, its form checked, its files not."""
    try:
        manifest: Any = json.loads((path / MANIFEST).read_bytes())
    except OSError as reason:
        raise error(f"{path / MANIFEST}: cannot be read ({reason.strerror}); the directory is not complete.") from None
    except (ValueError, RecursionError):
        raise error(f"{path / MANIFEST}: not JSON; the directory is damaged.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("meta"), dict) or not _lists_files(manifest):
        raise error(f"{path / MANIFEST}: not a manifest of ours; the directory is damaged.")
    if manifest.get("format") != FORMAT:
        raise error(f"{path / MANIFEST}: written in another format than {FORMAT}, by another release of hvc-ml.")
    return manifest


def _lists_files(manifest: Mapping[str, Any]) -> bool:
    files = manifest.get("files")
    return isinstance(files, dict) and all(
        _is_plain(name) and isinstance(entry, dict) and isinstance(entry.get("sha256"), str)
        for name, entry in files.items()
    )


def _is_plain(name: str) -> bool:
    """A name inside the directory: no climbing, no root, no second spelling."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and str(path) == name and "\0" not in name


def _check_names(path: Path, manifest: Mapping[str, Any], error: type[HvcError]) -> None:
    try:
        there = {file.relative_to(path).as_posix() for file in files(path)} - {MANIFEST}
    except OSError as reason:
        raise error(f"{path}: {reason.strerror}; the directory is damaged.") from None
    listed = set(manifest["files"])
    if missing := sorted(listed - there):
        raise error(f"{path}: {len(missing)} of {len(listed)} files are missing (first: {missing[0]}).")
    if unknown := sorted(there - listed):
        raise error(f"{path}: {len(unknown)} files are not in its manifest (first: {unknown[0]}).")


def _check_hash(path: Path, expected: str, found: str, error: type[HvcError]) -> None:
    if found != expected:
        raise error(f"{path}: SHA-256 {found[:12]}..., the manifest says {expected[:12]}...: the file was changed.")
