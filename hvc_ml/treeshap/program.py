"""Trees as steps and constants: everything about a forest that does not depend on the rows.

Along an edge the factor of its column is ``t o + (1 - t) z``: ``o`` is the product of the row's tests of that column
down to here, ``z`` that of the cover ratios. Where the column has been split on before, with ``o'`` and ``z'``, the new
factor is divided by the old one. As ``o <= o'`` and both are 0 or 1, whatever is needed takes one of three values: both
0; ``o'`` alone 1; both 1. A step carries them as a value, what ``o'`` adds and what ``o`` adds: two multiplications
choose. Where the column is new, ``o'`` is 1 and one is enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hvc_ml.treeshap.codes import Coding
from hvc_ml.treeshap.model import Flags, Floats, Forest, Ints, Tree

TEST, DOWN, UP, LEAF, PAIR = range(5)
"""Kinds of steps: test a split; go down an edge to a node; come back up it; an edge to a leaf; both edges of a split
whose children are leaves."""

KIND, DEPTH, BEFORE, COLUMN, RIGHT, SHIFT, BOUND, TABLE, AT = range(9)
"""What a step's integers are: its kind; the depth of the child; that of the last edge above that splits on the same
column, or -1; the column; whether a DOWN leads to the right child; shift and bound of a TEST by threshold; the table of
a TEST by category, or -1; where the constants begin."""

WIDTH: Final = 9


@dataclass(frozen=True)
class Program:
    """A forest, ready to be run.

    Attributes
    ----------
    steps
        Shape (steps, WIDTH), of all trees one after another.
    constants
        Shape (constants,); those of a step stand together, each with one entry per node of the quadrature.
    begins
        Where each tree's steps begin, shape (trees + 1,).
    nodes
        Nodes of each tree's quadrature, shape (trees,); 0 for a tree that is one leaf.
    tables
        Which codes go left, one row per split by category, shape (splits, codes).
    base
        What the forest says of nobody in particular: each leaf's value by the share of rows in it.
    depth
        The most edges of a path.
    """

    steps: NDArray[np.int32]
    constants: Floats
    begins: Ints
    nodes: Ints
    tables: Flags
    base: float
    depth: int


class Edge(NamedTuple):
    """The way into a child: depth and cover ratio of this edge and of the last one above that splits on its column."""

    column: int
    depth: int
    z: float
    before: int
    z_before: float


class States(NamedTuple):
    """The three values of something, one entry per node of the quadrature: both 0; ``o'`` alone 1; both 1."""

    neither: Floats
    before: Floats
    both: Floats

    def plus(self, other: "States") -> "States":
        """Value by value."""
        return States(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, other: "States | Floats") -> "States":
        """Value by value."""
        factors = other if isinstance(other, States) else (other, other, other)
        return States(*(a * b for a, b in zip(self, factors, strict=True)))

    def told_by_left(self) -> "States":
        """The same of a right child, told by the ``o`` of its left sibling: where one is 1 the other is 0."""
        return States(self.neither, self.both, self.before)

    def terms(self, *, new: bool, nothing: bool = False) -> tuple[Floats, ...]:
        """A value, what ``o'`` adds, what ``o`` adds; without ``o'`` for a new column, without the value if it is 0."""
        if new:
            return self.before, self.both - self.before
        added = self.before - self.neither, self.both - self.before
        return added if nothing else (self.neither, *added)


def compile_forest(forest: Forest, codings: Sequence[Coding], codes: int) -> Program:
    """Write a forest's steps.

    Parameters
    ----------
    forest
        The trees.
    codings
        How the rows will be written.
    codes
        How many codes there are, missing included (256 or 65,536).
    """
    writer, begins, nodes, base = _Writer(codings, codes), [0], [], 0.0
    for tree in forest.trees:
        base += float(tree.value @ tree.leaf_cover / tree.leaf_cover.sum())
        nodes.append((_distinct(tree) + 1) // 2)
        if nodes[-1]:
            _walk(writer, tree, *quadrature(nodes[-1]))
        begins.append(len(writer.steps))
    return Program(
        steps=np.array(writer.steps, np.int32).reshape(-1, WIDTH),
        constants=np.concatenate([np.zeros(0), *writer.constants]),
        begins=np.array(begins, np.int64),
        nodes=np.array(nodes, np.int64),
        tables=np.array(writer.tables, np.bool_).reshape(-1, codes),
        base=base,
        depth=max((step[DEPTH] for step in writer.steps), default=0),
    )


def quadrature(nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on [0, 1]: exact for polynomials of degree ``2 nodes - 1``.

    Examples
    --------
    >>> t, w = quadrature(3)
    >>> bool(abs(w @ t**5 - 1 / 6) < 1e-15)
    True
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (x + 1) / 2, w / 2


@dataclass
class _Writer:
    """Steps and constants as they are written."""

    codings: Sequence[Coding]
    codes: int
    steps: list[tuple[int, ...]] = field(default_factory=list)
    constants: list[Floats] = field(default_factory=list)
    tables: list[Flags] = field(default_factory=list)
    written: int = 0

    def step(self, kind: int, edge: Edge, constants: Sequence[Floats] = (), *, right: bool = False) -> None:
        self.steps.append((kind, edge.depth, edge.before, edge.column, int(right), 0, 0, -1, self.written))
        self.constants += constants
        self.written += sum(map(len, constants))

    def test(self, tree: Tree, node: int, edge: Edge) -> None:
        shift, bound, table = 0, 0, -1
        if tree.categorical[node]:
            left = np.zeros(self.codes, np.bool_)
            left[tree.categories[node]] = True
            table = len(self.tables)
            self.tables.append(left)
        else:
            shift = int(tree.default_left[node])  # missing, the largest code, wraps around to 0 and so goes left
            bound = int(np.searchsorted(self.codings[edge.column].thresholds, tree.threshold[node])) + shift
        self.steps.append((TEST, edge.depth, edge.before, edge.column, 0, shift, bound, table, self.written))


def _distinct(tree: Tree) -> int:
    """The most distinct columns on a path from the root to a leaf."""
    most, waiting = 0, [(0, frozenset[int]())] if len(tree.feature) else []
    while waiting:
        node, seen = waiting.pop()
        now = seen | {int(tree.feature[node])}
        most = max(most, len(now))
        waiting += [(int(child), now) for child in (tree.left[node], tree.right[node]) if child >= 0]
    return most


def _walk(writer: _Writer, tree: Tree, t: Floats, w: Floats) -> None:
    """Write one tree's steps in the order in which they run; what waits is a stack, because trees may be deep."""
    path: dict[int, list[Edge]] = {}
    waiting: list[tuple[int, int, Edge | None, bool]] = [(TEST, 0, None, False)]
    depth = 0
    while waiting:
        kind, node, edge, right = waiting.pop()
        if edge is None:
            waiting += reversed(list(_at_node(writer, tree, node, depth, path, (t, w))))
        elif kind == DOWN:
            writer.step(DOWN, edge, _factor(edge, t).terms(new=edge.before < 0), right=right)
            path.setdefault(edge.column, []).append(edge)
            depth += 1
        else:
            writer.step(UP, edge, _quotient(edge, t).terms(new=edge.before < 0, nothing=True))
            path[edge.column].pop()
            depth -= 1


def _at_node(
    writer: _Writer, tree: Tree, node: int, depth: int, path: dict[int, list[Edge]], rule: tuple[Floats, Floats]
) -> Iterator[tuple[int, int, Edge | None, bool]]:
    """Test, then the children that are leaves; what is left to do for those that are not, in order."""
    column = int(tree.feature[node])
    children = [int(tree.left[node]), int(tree.right[node])]
    above = path.get(column)
    before, z = (above[-1].depth, above[-1].z) if above else (-1, 1.0)
    edges = [
        Edge(column, depth + 1, z * tree.cover_of(child) / float(tree.cover[node]), before, z) for child in children
    ]
    writer.test(tree, node, edges[0])
    leaves = [_leaf(tree, *found, rule) if found[0] < 0 else None for found in zip(children, edges, strict=True)]
    left, right = leaves
    if left is not None and right is not None:
        both = [a.plus(b.told_by_left()) for a, b in zip(left, right, strict=True)]
        writer.step(PAIR, edges[0], _leaf_terms(both, edges[0]))
    elif left is not None:
        writer.step(LEAF, edges[0], _leaf_terms(left, edges[0]))
    elif right is not None:
        writer.step(LEAF, edges[1], _leaf_terms([s.told_by_left() for s in right], edges[1]))
    for child, edge, is_right in zip(children, edges, (False, True), strict=True):
        if child >= 0:
            yield DOWN, child, edge, is_right
            yield TEST, child, None, False
            yield UP, child, edge, is_right


def _factor(edge: Edge, t: Floats) -> States:
    """What P is multiplied by."""
    if edge.before < 0:
        return States((1 - t) * edge.z, (1 - t) * edge.z, t + (1 - t) * edge.z)
    old = t + (1 - t) * edge.z_before
    gone = np.full_like(t, edge.z / edge.z_before if edge.z_before > 0 else 0.0)
    return States(gone, (1 - t) * edge.z / old, (t + (1 - t) * edge.z) / old)


def _quotient(edge: Edge, t: Floats) -> States:
    """What G is multiplied by: ``(o - z) / (t o + (1 - t) z)``, less the same of the edge before."""
    in_, out = (1 - edge.z) / (t + (1 - t) * edge.z), -1 / (1 - t)
    if edge.before < 0:
        return States(out, out, in_)
    old = (1 - edge.z_before) / (t + (1 - t) * edge.z_before)
    return States(np.zeros_like(t), out - old, in_ - old)


def _leaf(tree: Tree, child: int, edge: Edge, rule: tuple[Floats, Floats]) -> list[States]:
    """What a leaf adds to G above it, and to phi, for each unit of P above it."""
    t, w = rule
    g = _factor(edge, t).times(w * float(tree.value[-1 - child]))
    return [g, g.times(_quotient(edge, t))]


def _leaf_terms(states: Sequence[States], edge: Edge) -> tuple[Floats, ...]:
    g, phi = states
    new = edge.before < 0
    return *g.terms(new=new), *phi.terms(new=new, nothing=True)
