"""The one door for ids that a person typed or a file of theirs holds: what the customer goes by in this project."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from hvc_ml.config import Project
from hvc_ml.errors import ConfigError
from hvc_ml.publish import remove_file, write_bytes_atomic
from hvc_ml.tables.pseudonyms import KEY, check_value, known_as, pseudonym_key

CHECK: Final = "pseudonyms.json"
"""Beside the project's locks: what tells whether the key is still the same; nobody finds the key from it."""


def names_of(project: Project) -> Callable[[str], str]:
    """The door: from what was typed to what the customer is called here.

    Returns
    -------
    callable
        For an id as the source writes it, byte-exact, or a pseudonym as a list shows it: the id itself, or the
        pseudonym where the config asks for these.

    Raises
    ------
    ConfigError
        As for `check_names`.
    """
    check_names(project)
    return partial(known_as, key=pseudonym_key()) if project.config.source.pseudonyms else str


def check_names(project: Project) -> None:
    """See that everything kept here names customers in one way: plainly, or by pseudonyms under one key.

    The first run under a key writes down what tells it from another one.

    Raises
    ------
    ConfigError
        If the key is missing or too short, is another one than before, or what is kept has the other kind of names.
    """
    asked = check_value(pseudonym_key()) if project.config.source.pseudonyms else None
    path = project.state / CHECK
    found = _written(path)
    if asked == found:
        return
    kept = _kept(project)
    if found is not None and kept:
        raise ConfigError(f"{_other(asked)} {', '.join(kept)} in {project.folder} were made. {_BACK}")
    if found is None and kept:
        raise ConfigError(
            f"source.pseudonyms: {', '.join(kept)} in {project.folder} name customers by their ids. Copy the config "
            "into a new folder and train there, and forget there again who was forgotten here; then delete these."
        )
    if asked is None:
        remove_file(path)
    else:
        write_bytes_atomic(path, f"{json.dumps({'check': asked})}\n".encode())


_BACK: Final = (
    "Two kinds of names would not meet. Put back the key and source.pseudonyms as they were, or begin in a new folder, "
    "and forget there again who was forgotten here."
)


def _other(asked: str | None) -> str:
    return "source.pseudonyms: is off, and was on when" if asked is None else f"{KEY}: not the key under which"


def _written(path: Path) -> str | None:
    try:
        return str(json.loads(path.read_bytes())["check"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path}: cannot be read; it tells which key was in use. Restore it from a backup.") from None


def _kept(project: Project) -> list[str]:
    """Folders that hold names of customers."""
    folders = (project.features, project.lists, project.campaigns, project.forgotten, project.rows)
    there = (folder for folder in folders if folder.is_dir() and any(folder.iterdir()))
    return [f"{folder.relative_to(project.folder).as_posix()}/" for folder in there]
