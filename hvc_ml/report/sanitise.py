"""Frames whose texts a spreadsheet will not take for formulas."""

import pandas as pd

from hvc_ml.publish.safe_text import safe_text

__all__ = ["safe_frame", "safe_text"]


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Apply `safe_text` to every text of a frame, its column names included; numbers stay numbers.

    Parameters
    ----------
    frame : DataFrame
        It is not changed.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> safe_frame(pd.DataFrame({"=id": ["-7", "a"], "gain": [-7.0, 1.0]})).to_dict("list")
    {"'=id": ["'-7", 'a'], 'gain': [-7.0, 1.0]}
    """
    safe = frame.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            texts = safe[column].to_numpy(dtype=object)
            safe[column] = pd.Series(
                [safe_text(t) if isinstance(t, str) else t for t in texts], safe.index, dtype=object
            )
    safe.columns = pd.Index([safe_text(str(c)) for c in safe.columns])
    return safe
