"""LightGBM's trees, read from the text of a model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NONE, ZERO, NAN = 0, 1, 2
"""What counts as missing at a split: nothing (NaN is read as 0), zero and NaN, or NaN alone."""

_CATEGORICAL: Final = 1
_DEFAULT_LEFT: Final = 2
_WORD: Final = 32


class Unsupported(ValueError):
    """A model of a kind that is not explained here; LightGBM's own ``pred_contrib`` may know it."""


@dataclass(frozen=True)
class Tree:
    """One tree. A child that is negative is the leaf ``-1 - child``; node 0 is the root.

    Attributes
    ----------
    feature, threshold, left, right, missing, default_left, cover
        Per node, shape (nodes,): the column; rows with ``x <= threshold`` go left; children; which values count as
        missing, and whether these go left; rows of the training data that came by.
    categories
        Per node: the categories that go left, empty for a numerical split.
    categorical
        Per node: whether the split is by category.
    value, leaf_cover
        Per leaf.
    """

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    missing: Ints
    default_left: Flags
    cover: Floats
    categories: tuple[Ints, ...]
    categorical: Flags
    value: Floats
    leaf_cover: Floats

    def cover_of(self, child: int) -> float:
        """Rows that came by a child: a node or, where negative, a leaf."""
        return float(self.cover[child] if child >= 0 else self.leaf_cover[-1 - child])


@dataclass(frozen=True)
class Forest:
    """All trees of a model, and how many columns it reads."""

    trees: tuple[Tree, ...]
    columns: int


def read_model(text: str) -> Forest:
    """Read the trees of a LightGBM model.

    Parameters
    ----------
    text
        What ``Booster.model_to_string()`` gives; what follows the trees may be missing.

    Raises
    ------
    Unsupported
        For more than one tree per round (multi-class), averaged output (random forests), linear leaves, and trees in
        which a node without rows has children.
    """
    head, *parts = text.split("\nTree=")
    settings = _keys(head)
    if int(settings.get("num_tree_per_iteration", "1")) != 1:
        raise Unsupported("more than one tree per round")
    if any(line.strip() == "average_output" for line in head.splitlines()):
        raise Unsupported("averaged output")
    trees = tuple(_tree(_keys(part.split("\nend of trees")[0])) for part in parts)
    return Forest(trees, int(settings["max_feature_idx"]) + 1)


def _keys(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key: value for key, _, value in pairs}


def _tree(keys: Mapping[str, str]) -> Tree:
    if int(keys.get("is_linear", "0")):
        raise Unsupported("linear leaves")
    value = _floats(keys, "leaf_value")
    if int(keys["num_leaves"]) == 1:
        none, flags = np.zeros(0, np.int64), np.zeros(0, np.bool_)
        return Tree(none, np.zeros(0), none, none, none, flags, np.zeros(0), (), flags, value[:1], np.ones(1))
    decision, threshold = _ints(keys, "decision_type"), _floats(keys, "threshold")
    categorical = (decision & _CATEGORICAL) > 0
    cover, leaf_cover = _floats(keys, "internal_count"), _floats(keys, "leaf_count")
    if not (cover > 0).all():
        raise Unsupported("a node that no row of the training data came by")
    return Tree(
        feature=_ints(keys, "split_feature"),
        threshold=threshold,
        left=_ints(keys, "left_child"),
        right=_ints(keys, "right_child"),
        missing=(decision >> 2) & 3,
        default_left=(decision & _DEFAULT_LEFT) > 0,
        cover=cover,
        categories=tuple(_categories(keys, threshold, categorical)),
        categorical=categorical,
        value=value,
        leaf_cover=leaf_cover,
    )


def _categories(keys: Mapping[str, str], threshold: Floats, categorical: Flags) -> Iterator[Ints]:
    """Each node's set of categories; the threshold of a categorical split is the number of its bit set."""
    if not categorical.any():
        yield from (np.zeros(0, np.int64) for _ in threshold)
        return
    edges, words = _ints(keys, "cat_boundaries"), _ints(keys, "cat_threshold").astype(np.uint64)
    for place, by_category in zip(threshold, categorical, strict=True):
        if by_category:
            own = words[edges[int(place)] : edges[int(place) + 1]]
            bits = (own[:, None] >> np.arange(_WORD, dtype=np.uint64)) & np.uint64(1)
            yield np.flatnonzero(bits.reshape(-1)).astype(np.int64)
        else:
            yield np.zeros(0, np.int64)


def _ints(keys: Mapping[str, str], name: str) -> Ints:
    return np.array(keys[name].split(), dtype=np.int64)


def _floats(keys: Mapping[str, str], name: str) -> Floats:
    return np.array(keys[name].split(), dtype=np.float64)
