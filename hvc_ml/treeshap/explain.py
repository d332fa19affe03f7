"""Rows in, contributions out."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from hvc_ml.treeshap.codes import code_type, codings, encode
from hvc_ml.treeshap.model import Floats, read_model
from hvc_ml.treeshap.program import compile_forest

CHUNK: Final = 2048
"""Rows that one thread takes at a time."""

Precision = Literal["double", "single"]


class Explainer:
    """Exact path-dependent TreeSHAP of one LightGBM model.

    Parameters
    ----------
    text : str
        The model, as ``Booster.model_to_string()`` writes it.
    precision : {"double", "single"}, default "double"
        What is worked in. Single is about twice as fast and right to about six digits.

    Attributes
    ----------
    base : float
        What the model says of nobody in particular; ``base`` + the contributions of a row = its raw prediction.
    columns : int
        Columns that the model reads.

    Raises
    ------
    Unsupported
        For models of other kinds; see `hvc_ml.treeshap.model.read_model`.

    Examples
    --------
    >>> import lightgbm
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> booster = lightgbm.train({"verbose": -1, "num_leaves": 7}, lightgbm.Dataset(x, x[:, 0] * x[:, 1]), 10)
    >>> explainer = Explainer(booster.model_to_string())
    >>> phi = explainer.contributions(x)
    >>> phi.shape, bool(np.allclose(explainer.base + phi.sum(axis=1), booster.predict(x, raw_score=True)))
    ((500, 3), True)
    """

    def __init__(self, text: str, precision: Precision = "double") -> None:
        forest = read_model(text)
        self._codings = codings(forest)
        self._codes = code_type(self._codings)
        self._program = compile_forest(forest, self._codings, int(np.iinfo(self._codes).max) + 1)
        self._kind: type[Any] = np.float64 if precision == "double" else np.float32
        self.base = self._program.base
        self.columns = forest.columns

    def contributions(
        self, matrix: Floats, *, groups: Sequence[int] | None = None, threads: int | None = None
    ) -> NDArray[Any]:
        """Split each row's raw prediction over the columns, or over groups of columns.

        Parameters
        ----------
        matrix : ndarray of float64, shape (n, columns)
            Rows as LightGBM is given them: NaN is missing, categories are whole numbers.
        groups : sequence of int, length columns, optional
            The group that each column's contribution is added to, counted from 0; by default each is its own.
        threads : int, optional
            Rows are dealt out to so many threads; by default all processors. The result does not depend on it.

        Returns
        -------
        ndarray, shape (n, columns or groups)
            In the units of the raw prediction.

        Raises
        ------
        ValueError
            If the matrix has another number of columns.
        """
        if matrix.ndim != 2 or matrix.shape[1] != self.columns:
            raise ValueError(f"expected {self.columns} columns, found a matrix of shape {matrix.shape}")
        slots = np.arange(self.columns) if groups is None else np.asarray(groups, np.int64)
        out = np.empty((len(matrix), int(slots.max(initial=-1)) + 1), self._kind)
        starts = range(0, len(matrix), CHUNK)

        def work(start: int) -> None:
            self._chunk(matrix[start : start + CHUNK], slots, out[start : start + CHUNK])

        with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
            list(pool.map(work, starts))
        return out

    def _chunk(self, rows: Floats, slots: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Explain some rows, in blocks; the last block is filled up with missing values that nobody reads."""
        from hvc_ml.treeshap.kernel import BLOCK, run  # noqa: PLC0415 # Numba takes a while to import

        program, blocks = self._program, -(-len(rows) // BLOCK)
        codes = np.full((self.columns, blocks * BLOCK), np.iinfo(self._codes).max, self._codes)
        codes[:, : len(rows)] = encode(rows, self._codings, self._codes)
        codes = np.ascontiguousarray(codes.reshape(self.columns, blocks, BLOCK).transpose(1, 0, 2))
        phi = np.zeros((blocks, out.shape[1], BLOCK), self._kind)
        if len(program.nodes):
            run(
                codes,
                program.steps,
                program.constants.astype(self._kind),
                program.begins,
                program.nodes,
                program.tables,
                slots,
                int(np.iinfo(self._codes).max),
                phi,
                program.depth,
            )
        out[:] = phi.transpose(0, 2, 1).reshape(-1, out.shape[1])[: len(rows)]
