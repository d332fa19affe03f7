"""Is this text a model that LightGBM wrote? Where not, LightGBM dies by signal, hangs, or predicts other numbers."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

_INT = r"-?\d{1,10}"
_FINITE = r"-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?"
_NUMBER = rf"(?:{_FINITE}|-?inf|-?nan)"

_HEAD: Final = re.compile(r"tree|average_output|[a-z_]+=.*|")
_TAIL: Final = re.compile(
    r"\nfeature_importances:\n(?:[^\n]+=\d+\n)*"
    r"(?:\nparameters:\n(?:\[[a-z0-9_]+: [^\n]*\]\n)*\nend of parameters\n)?"  # models are kept without
    r"(?:\npandas_categorical:(?:null|\[[^\n]*\])\n)?"
)
_KEY: Final = re.compile(r"([a-z_]+)=(.*)")

_PER_NODE: Final = {
    "split_feature": _INT,
    "split_gain": _NUMBER,
    "threshold": rf"(?:{_FINITE}|inf)",  # infinity parts what is known from what is missing
    "decision_type": r"\d{1,2}",
    "left_child": _INT,
    "right_child": _INT,
    "internal_value": _NUMBER,
    "internal_weight": _NUMBER,
    "internal_count": _INT,
}
_PER_LEAF: Final = {"leaf_value": _FINITE, "leaf_weight": _NUMBER, "leaf_count": _INT}
_ONE: Final = {"num_leaves": r"\d{1,6}", "num_cat": r"\d{1,6}", "is_linear": r"0", "shrinkage": _FINITE}
_CATEGORIES: Final = {"cat_boundaries": r"\d{1,9}", "cat_threshold": r"\d{1,10}"}
_FORMS: Final = {name: re.compile(one) for name, one in _ONE.items()} | {
    name: re.compile(rf"(?:{one}(?: {one})*)?") for name, one in {**_PER_NODE, **_PER_LEAF, **_CATEGORIES}.items()
}
_SPARED: Final = {"leaf_weight", "leaf_count"}
_NEEDED: Final = {"version", "num_class", "num_tree_per_iteration", "max_feature_idx", "feature_names", "feature_infos"}
_KINDS_OF_MISSING: Final = 3
_BITS: Final = 16


class Damaged(ValueError):
    """A text that is not the model LightGBM wrote."""


def check_model(text: str) -> None:
    r"""Check that a text is a whole, sound model before LightGBM reads it.

    Every line has its form, every list its length and every number its range; the nodes of each tree hang together
    (each node and each leaf below exactly one node, no cycle), and the sizes in the head are those of the trees.

    Parameters
    ----------
    text
        What ``Booster.model_to_string()`` gives.

    Raises
    ------
    Damaged
        Naming the first thing that is wrong.

    Notes
    -----
    A sound text need not be the one that was written: hashes are for that. A sound text cannot make LightGBM read
    beyond its arrays, which is what kills the process.

    Examples
    --------
    >>> check_model("tree\nversion=v4\n")
    Traceback (most recent call last):
    ...
    hvc_ml.treeshap.check.Damaged: no end of trees
    """
    head, *blocks = text.split("\nTree=")
    body, end, tail = (blocks[-1] if blocks else head).partition("end of trees\n")
    if not end:
        _refuse("no end of trees")
    if blocks:
        blocks[-1] = body
    else:
        head = body
    features = _head(head, blocks)
    for number, block in enumerate(blocks):
        _tree(number, block, features)
    if not _TAIL.fullmatch(tail):
        _refuse("what stands after the trees has no form of LightGBM's")


def _head(head: str, blocks: Sequence[str]) -> int:
    """Check what stands before the trees; the number of columns."""
    if not all(_HEAD.fullmatch(line) for line in head.split("\n")):
        _refuse("what stands before the trees has no form of LightGBM's")
    found = {match[1]: match[2] for line in head.splitlines() if (match := _KEY.fullmatch(line))}
    if missing := sorted(_NEEDED - found.keys()):
        _refuse(f"the head lacks {', '.join(missing)}")
    if not re.fullmatch(r"\d{1,6}", found["max_feature_idx"]) or found["num_class"] != "1":
        _refuse("the head counts no columns, or several classes")
    features = int(found["max_feature_idx"]) + 1
    if len(found["feature_names"].split(" ")) != features or len(found["feature_infos"].split(" ")) != features:
        _refuse(f"the head does not name {features} columns")
    _sizes(found.get("tree_sizes", ""), blocks)
    return features


def _sizes(sizes: str, blocks: Sequence[str]) -> None:
    """LightGBM cuts the text at these sizes without looking."""
    found = [len(f"Tree={block}\n".encode()) for block in blocks]
    if found:
        found[-1] -= 1  # the last one's line end was not taken off
    if sizes.split() != [str(size) for size in found]:
        _refuse("the sizes of the trees are others than the head says")


def _tree(number: int, block: str, features: int) -> None:
    first, *lines = block.rstrip("\n").split("\n")
    if first != str(number):
        _refuse(f"tree {number} has another number")
    keys: dict[str, str] = {}
    for line in lines:
        match = _KEY.fullmatch(line)
        if not match or match[1] in keys or match[1] not in _FORMS or not _FORMS[match[1]].fullmatch(match[2]):
            _refuse(f"tree {number}: a line has no form of LightGBM's")
        keys[match[1]] = match[2]
    wanted = {*_PER_NODE, *_PER_LEAF, *_ONE} | ({*_CATEGORIES} if keys.get("num_cat", "0") != "0" else set())
    if keys.keys() != wanted:
        _refuse(f"tree {number}: {', '.join(sorted(wanted ^ keys.keys()))} is missing or too much")
    _shape(number, keys, features)


def _shape(number: int, keys: Mapping[str, str], features: int) -> None:
    leaves = int(keys["num_leaves"])
    nodes = leaves - 1
    lengths = dict.fromkeys(_PER_NODE, nodes) | dict.fromkeys(_PER_LEAF, leaves)
    wrong = [name for name, length in lengths.items() if len(keys[name].split()) not in _allowed(name, length)]
    if leaves < 1 or wrong:
        _refuse(f"tree {number}: {', '.join(wrong)} has not one number for each of {leaves} leaves")
    _hangs_together(number, _ints(keys, "left_child"), _ints(keys, "right_child"), leaves)
    if any(not 0 <= f < features for f in _ints(keys, "split_feature")):
        _refuse(f"tree {number}: a split on a column that is not there")
    decisions = _ints(keys, "decision_type")
    if any(d >= _BITS or (d >> 2) & 3 >= _KINDS_OF_MISSING for d in decisions):
        _refuse(f"tree {number}: a decision of a kind that is not there")
    _categories(number, keys, decisions)


def _allowed(name: str, length: int) -> tuple[int, ...]:
    """A tree of one leaf may leave its weight and its count out."""
    return (0, 1) if length == 1 and name in _SPARED else (length,)


def _hangs_together(number: int, left: list[int], right: list[int], leaves: int) -> None:
    nodes = leaves - 1
    children = sorted([*left, *right])
    if nodes and children != [*range(-leaves, 0), *range(1, nodes)]:
        _refuse(f"tree {number}: a node or leaf hangs below none, or below two")
    if any(0 <= child <= node for side in (left, right) for node, child in enumerate(side)):
        _refuse(f"tree {number}: a node stands below itself")


def _categories(number: int, keys: Mapping[str, str], decisions: Sequence[int]) -> None:
    sets, edges = int(keys["num_cat"]), _ints(keys, "cat_boundaries")
    words = _ints(keys, "cat_threshold")
    if sets and (len(edges) != sets + 1 or edges[0] != 0 or edges != sorted(set(edges)) or edges[-1] != len(words)):
        _refuse(f"tree {number}: the sets of categories do not follow each other")
    if any(word >= 1 << 32 for word in words):
        _refuse(f"tree {number}: a set of categories is too large")
    for decision, threshold in zip(decisions, keys["threshold"].split(), strict=True):
        if decision & 1 and not (threshold.isdigit() and int(threshold) < sets):
            _refuse(f"tree {number}: a split by a set of categories that is not there")


def _ints(keys: Mapping[str, str], name: str) -> list[int]:
    return [int(number) for number in keys.get(name, "").split()]


def _refuse(why: str) -> NoReturn:
    raise Damaged(why)
