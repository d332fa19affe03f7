"""The objection list: customers who are never contacted."""

from pathlib import Path

from hvc_ml.errors import DataError


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
