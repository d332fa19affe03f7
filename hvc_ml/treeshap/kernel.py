"""The walk, for a block of rows at once: compiled by Numba at the first call, and kept on disk.

Everything a row needs stands beside what its neighbours need, so that the innermost loops run over the rows of a block
without a branch. Each row's numbers depend on that row alone, whatever block or thread it falls into.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from hvc_ml.treeshap.program import AT, BEFORE, BOUND, COLUMN, DEPTH, DOWN, KIND, RIGHT, SHIFT, TABLE, TEST, UP

BLOCK: Final = 64
"""Rows of a block."""
TILE: Final = 16
"""Trees whose constants stay near the processor while the blocks go by."""


def _run(  # noqa: C901, PLR0912, PLR0915 # in one piece and by index: a call or a slice here costs more than its loops
    codes: Any,
    steps: Any,
    constants: Any,
    begins: Any,
    nodes: Any,
    tables: Any,
    slots: Any,
    mask: int,
    phi: Any,
    depth: int,
) -> None:
    """Add the contributions of all trees to ``phi``.

    Parameters
    ----------
    codes : ndarray of uint8 or uint16, shape (blocks, columns, BLOCK)
        Rows as `hvc_ml.treeshap.codes.encode` writes them, block by block.
    steps, constants, begins, nodes, tables, depth
        Of a `Program`; the constants' type is the precision to work in.
    slots : ndarray of int64, shape (columns,)
        Where each column's contribution is added.
    mask : int
        The largest code.
    phi : ndarray, shape (blocks, slots, BLOCK)
        Of the constants' type.
    """
    kind = constants.dtype
    p = np.ones((depth + 1, nodes.max(), BLOCK), kind)
    g = np.zeros((depth + 1, nodes.max(), BLOCK), kind)
    o = np.ones((depth + 1, BLOCK), kind)
    s = np.zeros(BLOCK, kind)
    low = np.int32(mask)
    for tile in range(0, len(nodes), TILE):
        for block in range(len(codes)):
            for tree in range(tile, min(tile + TILE, len(nodes))):
                n = nodes[tree]
                for i in range(begins[tree], begins[tree + 1]):
                    what = steps[i, KIND]
                    d = np.intp(steps[i, DEPTH])
                    b = np.intp(steps[i, BEFORE])
                    column = steps[i, COLUMN]
                    at = np.intp(steps[i, AT])
                    if what == TEST:
                        table = steps[i, TABLE]
                        if table >= 0:
                            for r in range(BLOCK):
                                o[d, r] = tables[table, codes[block, column, r]]
                        else:
                            shift, bound = steps[i, SHIFT], steps[i, BOUND]
                            for r in range(BLOCK):
                                o[d, r] = ((np.int32(codes[block, column, r]) + shift) & low) <= bound
                        if b >= 0:
                            for r in range(BLOCK):
                                o[d, r] *= o[b, r]
                        continue
                    if what == DOWN:
                        if steps[i, RIGHT]:
                            if b >= 0:
                                for r in range(BLOCK):
                                    o[d, r] = o[b, r] - o[d, r]
                            else:
                                for r in range(BLOCK):
                                    o[d, r] = 1 - o[d, r]
                        if b < 0:
                            for q in range(n):
                                x, y = constants[at + q], constants[at + n + q]
                                for r in range(BLOCK):
                                    p[d, q, r] = p[d - 1, q, r] * (x + o[d, r] * y)
                                    g[d, q, r] = 0
                        else:
                            for q in range(n):
                                x, z, y = constants[at + q], constants[at + n + q], constants[at + 2 * n + q]
                                for r in range(BLOCK):
                                    p[d, q, r] = p[d - 1, q, r] * (x + o[b, r] * z + o[d, r] * y)
                                    g[d, q, r] = 0
                        continue
                    for r in range(BLOCK):
                        s[r] = 0
                    if what == UP:
                        if b < 0:
                            for q in range(n):
                                x, y = constants[at + q], constants[at + n + q]
                                for r in range(BLOCK):
                                    own = g[d, q, r]
                                    g[d - 1, q, r] += own
                                    s[r] += own * (x + o[d, r] * y)
                        else:
                            for q in range(n):
                                x, y = constants[at + q], constants[at + n + q]
                                for r in range(BLOCK):
                                    own = g[d, q, r]
                                    g[d - 1, q, r] += own
                                    s[r] += own * (o[b, r] * x + o[d, r] * y)
                    elif b < 0:
                        for q in range(n):
                            x, y = constants[at + q], constants[at + n + q]
                            u, v = constants[at + 2 * n + q], constants[at + 3 * n + q]
                            for r in range(BLOCK):
                                own = p[d - 1, q, r]
                                g[d - 1, q, r] += own * (x + o[d, r] * y)
                                s[r] += own * (u + o[d, r] * v)
                    else:
                        for q in range(n):
                            x, z, y = constants[at + q], constants[at + n + q], constants[at + 2 * n + q]
                            u, v = constants[at + 3 * n + q], constants[at + 4 * n + q]
                            for r in range(BLOCK):
                                own = p[d - 1, q, r]
                                g[d - 1, q, r] += own * (x + o[b, r] * z + o[d, r] * y)
                                s[r] += own * (o[b, r] * u + o[d, r] * v)
                    slot = slots[column]
                    for r in range(BLOCK):
                        phi[block, slot, r] += s[r]


def _compiled() -> Any:
    """The walk; where no place on disk may be written, it is compiled anew by each process."""
    try:
        return njit(cache=True, nogil=True, fastmath={"contract"})(_run)
    except RuntimeError:
        return njit(nogil=True, fastmath={"contract"})(_run)


run = _compiled()
