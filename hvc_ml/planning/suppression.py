"""Who is not contacted, and why: objections, consent, complaints, rest."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hvc_ml.errors import DataError

REASONS: Final = ("objection", "no consent", "complaint", "cool-down")
"""Why a customer is not contacted; of several reasons the first counts."""

_YES: Final = frozenset({"yes", "y", "true", "t", "1", "1.0"})


def read_suppressed(path: Path) -> frozenset[str]:
    r"""Read customer ids, one per line, byte-exact.

    Parameters
    ----------
    path
        A UTF-8 text file; empty lines are skipped, nothing else is: ``007`` is another customer than ``7``.

    Returns
    -------
    frozenset of str

    Raises
    ------
    DataError
        If it cannot be read: a list without its objections must not be made.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "objections.txt"
    >>> _ = file.write_text("007\n\nann\n")
    >>> sorted(read_suppressed(file))
    ['007', 'ann']
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: the objection list cannot be read ({error.strerror}). No list without it.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}. Save the objection list as UTF-8.") from None
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return frozenset(line for line in lines if line)


def says_yes(answers: pd.Series) -> pd.Series:
    """Whether an attribute says yes; nothing, or anything else, is no.

    Parameters
    ----------
    answers : Series
        Texts, numbers or truth values: ``yes``, ``y``, ``true``, ``t`` and ``1`` in any case are yes.

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> says_yes(pd.Series(["Yes", " TRUE ", "no", None, 1.0])).tolist()
    [True, True, False, False, True]
    """
    return answers.astype("string").str.strip().str.lower().isin(_YES).astype(bool)


def first_reasons(customers: pd.Series, suppressed: Mapping[str, Collection[str] | pd.Series]) -> pd.Series:
    """Why each customer is not contacted: the first reason that holds.

    Parameters
    ----------
    customers : Series of str
        Ids.
    suppressed : mapping
        Some of ``REASONS`` -> the ids it holds for.

    Returns
    -------
    Series of str
        Rows as in ``customers``; empty where nothing speaks against a contact.

    Examples
    --------
    >>> first_reasons(pd.Series(["ann", "bob", "cyd"]), {"cool-down": ["ann", "bob"], "objection": ["bob"]}).tolist()
    ['cool-down', 'objection', '']
    """
    found = pd.Series("", index=customers.index, dtype=object)
    for reason in REASONS:
        holds = customers.isin(pd.Index(suppressed.get(reason, ()), dtype=object)) & (found == "")
        found[holds.to_numpy(dtype=np.bool_)] = reason
    return found
