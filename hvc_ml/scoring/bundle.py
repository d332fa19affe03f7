"""The model on disk: plain files, a manifest of SHA-256s, and rows it must still predict bit for bit.

A damaged model text kills the process that parses it, or predicts other numbers in silence. So every byte is checked in
memory before anything is parsed, and a model that was read is tried on stored rows before it is used. Nothing here runs
code from the folder. The hashes guard against damage; against someone who can rewrite the folder and its manifest,
bundles can be signed (`hvc_ml.scoring.signing`).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml import __version__
from hvc_ml.errors import ModelRefused
from hvc_ml.publish import MANIFEST, publish_directory, read_verified
from hvc_ml.scoring.signing import SIGNATURE, check_signature, signed

FORMAT: Final = 1
"""The bundle format this release writes; it reads every released one, or refuses by name."""

KIND: Final = "hvc-ml model"
HEAD: Final = "bundle.json"
SELF_TEST: Final = "selftest.json"
MOST_ROWS: Final = 32

SelfTest = tuple[pd.DataFrame, pd.DataFrame]
"""Rows of features (at most 32, no customer's own) and what the model predicted for them."""


def write_bundle(
    folder: Path, files: Mapping[str, bytes], *, meta: Mapping[str, Any], selftest: SelfTest, replace: bool = False
) -> str:
    """Write a bundle that appears complete or not at all; the same input gives the same bytes.

    Parameters
    ----------
    folder
        Where it shall stand.
    files
        Relative name -> content: text and JSON of the model.
    meta
        JSON values, with ``features``, the list of columns the model reads, in order.
    selftest
        See ``SelfTest``; take the rows from `selftest_rows`.
    replace
        Whether another bundle at ``folder`` gives way; by default it is refused.

    Returns
    -------
    str
        The SHA-256 of its manifest: the identity of the bundle.

    Raises
    ------
    ValueError
        If names are reserved, or there is no or too much to test with.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> rows = pd.DataFrame({"spend_90d": [1.0, 2.0]})
    >>> there = Path(tempfile.mkdtemp()) / "bundle"
    >>> digest = write_bundle(there, {"w.json": b"{}"}, meta={"features": ["spend_90d"]}, selftest=(rows, rows))
    >>> files, meta = read_bundle(there)
    >>> sorted(files), meta["features"], bundle_digest(there) == digest
    (['selftest.json', 'w.json'], ['spend_90d'], True)
    """
    rows, predictions = selftest
    reserved = {MANIFEST, HEAD, SELF_TEST, SIGNATURE} & set(files)
    if reserved or not isinstance(meta.get("features"), list | tuple):
        raise ValueError(f"a bundle names its features and leaves these names to us: {sorted(reserved)}")
    if not 0 < len(rows) <= MOST_ROWS or len(rows) != len(predictions):
        raise ValueError(
            f"a self-test has 1 to {MOST_ROWS} rows and as many predictions; found {len(rows)}, {len(predictions)}"
        )
    head = {"format": FORMAT, "hvc_ml": __version__, "meta": dict(meta)}
    test = {"rows": _columns(rows), "predictions": _columns(predictions)}
    contents = signed({**files, HEAD: _json(head), SELF_TEST: _json(test)})
    with publish_directory(folder, meta={"kind": KIND}, replace=replace) as staging:
        for name in sorted(contents):
            place = staging / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(contents[name])
    return bundle_digest(folder)


def read_bundle(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read a bundle, every byte checked before anything in it is parsed.

    Parameters
    ----------
    folder
        What `write_bundle` wrote.

    Returns
    -------
    files, meta
        Contents by name (the self-test among them), and what was said when it was written, with ``format`` and
        ``hvc_ml`` (the release that wrote it).

    Raises
    ------
    ModelRefused
        If a file is missing, unknown or changed, the manifest is damaged, the format is another, or a key is set and
        the bundle is not signed with it.
    """
    manifest, files = read_verified(folder, error=ModelRefused)
    if manifest["meta"] != {"kind": KIND}:
        raise ModelRefused(f"{folder}: not a model bundle of hvc-ml. Train a model, or name the folder of one.")
    _check_manifest(folder, manifest, files)
    check_signature(files)
    head = _parsed(folder, HEAD, files)
    if head.get("format") != FORMAT:
        raise ModelRefused(
            f"{folder}: bundle format {head.get('format')!r} of hvc-ml {head.get('hvc_ml')}; this release "
            f"({__version__}) reads format {FORMAT}. Train again, or use the release that wrote it."
        )
    meta = head.get("meta")
    if not isinstance(meta, dict) or not isinstance(meta.get("features"), list) or SELF_TEST not in files:
        raise ModelRefused(f"{folder}: the bundle has no feature list or no self-test. Train again.")
    contents = {name: content for name, content in files.items() if name not in {HEAD, SIGNATURE}}
    return contents, {**meta, "format": head["format"], "hvc_ml": head.get("hvc_ml")}


def bundle_digest(folder: Path) -> str:
    """SHA-256 of the manifest, which holds the SHA-256 of every file."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelRefused(f"{folder / MANIFEST}: cannot be read ({error.strerror}).") from None


def self_test(predict: Callable[[pd.DataFrame], pd.DataFrame], files: Mapping[str, bytes]) -> None:
    """Let a model that was just read predict the stored rows.

    Parameters
    ----------
    predict
        Features -> predictions, as when the bundle was written.
    files
        What `read_bundle` returned.

    Raises
    ------
    ModelRefused
        If any prediction differs in any bit.
    """
    rows, expected = read_self_test(files)
    found = predict(rows)
    if [*found.columns] != [*expected.columns] or len(found) != len(expected):
        raise ModelRefused(f"self-test: the model answers {[*found.columns]}, the bundle says {[*expected.columns]}.")
    off = [c for c in expected if not _same_bits(found[c], expected[c])]
    if off:
        raise ModelRefused(
            f"self-test: {off[0]} differs from what the model predicted when it was written ({len(off)} of "
            f"{expected.shape[1]} columns, {len(expected)} rows). Another platform or library? Train again."
        )


def read_self_test(files: Mapping[str, bytes]) -> SelfTest:
    """Read the stored rows and their predictions; ModelRefused if there are none."""
    test = _parsed(Path(SELF_TEST), SELF_TEST, files)
    return _frame(test.get("rows")), _frame(test.get("predictions"))


def selftest_rows(
    frame: pd.DataFrame, features: Sequence[str], *, rows: int = MOST_ROWS, seed: int = 7
) -> pd.DataFrame:
    """Rows that look like customers and are none: each column drawn by itself, numbers rounded to three digits.

    Parameters
    ----------
    frame
        Modelling frame; only ``features`` are read.
    features
        The model's columns, in order; never ``customer_id``.

    Examples
    --------
    >>> frame = pd.DataFrame({"spend_90d": [123.456, 0.0], "region": ["north", None]})
    >>> selftest_rows(frame, ["spend_90d", "region"], rows=4, seed=1)["spend_90d"].tolist()
    [123.0, 0.0, 0.0, 0.0]
    """
    rng, made = np.random.default_rng(seed), {}
    for name in features:
        values = frame[name].iloc[rng.integers(len(frame), size=rows)].reset_index(drop=True)
        made[name] = _rounded(values) if pd.api.types.is_numeric_dtype(values) else _text(values)
    return pd.DataFrame(made)


def _rounded(values: pd.Series) -> pd.Series:
    return values.astype(np.float64).map(lambda x: float(f"{x:.3g}"))


def _text(values: pd.Series) -> pd.Series:
    return pd.Series([None if pd.isna(v) else str(v) for v in values], dtype=object)


def _json(document: Any) -> bytes:
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _columns(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame in JSON that reads back bit for bit: Python writes the shortest text that gives the same float."""
    found: list[dict[str, Any]] = []
    for name, values in frame.items():
        if pd.api.types.is_numeric_dtype(values):
            cells = [None if np.isnan(v) else float(v) for v in values.to_numpy(np.float64)]
            found.append({"name": str(name), "kind": "number", "values": cells})
        else:
            found.append({"name": str(name), "kind": "text", "values": _text(values).tolist()})
    return found


def _frame(columns: Any) -> pd.DataFrame:
    try:
        made = {
            c["name"]: np.array(c["values"], dtype=np.float64)
            if c["kind"] == "number"
            else pd.Series(c["values"], dtype=object)
            for c in columns
        }
        return pd.DataFrame(made)
    except (TypeError, KeyError, ValueError):
        raise ModelRefused(f"{SELF_TEST}: not the rows of a self-test. Train again.") from None


def _same_bits(found: pd.Series, expected: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(expected):
        return _text(found).tolist() == _text(expected).tolist()
    if not pd.api.types.is_numeric_dtype(found):
        return False
    a, b = (np.where(np.isnan(v), np.nan, v).view(np.int64) for v in (_numbers(found), _numbers(expected)))
    return bool(np.array_equal(a, b))


def _numbers(values: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.ascontiguousarray(values.to_numpy(np.float64))


def _parsed(folder: Path, name: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        document = json.loads(files[name])
    except (KeyError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ModelRefused(f"{folder}: {name} is missing or not JSON; the bundle is damaged. Train again.")
    return document


def _check_manifest(folder: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Refuse a manifest that does not say exactly what a bundle of these files says: it has no hash of its own."""
    entries = {n: {"bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
    exact = {"format": manifest["format"], "meta": {"kind": KIND}, "files": entries}
    text = json.dumps(exact, indent=2, sort_keys=True, ensure_ascii=False)
    if (folder / MANIFEST).read_bytes() != f"{text}\n".encode():
        raise ModelRefused(f"{folder / MANIFEST}: was changed after the model was written. Train again.")
