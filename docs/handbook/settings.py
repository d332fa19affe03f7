"""Settings: every key of ``hvc.yaml``, from the classes that read it."""

import ast
import inspect
import itertools
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.handbook.markdown import code, first, page, plain, table
from hvc_ml.config import Config

WORDS: Final = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
TITLES: Final = {"": "The file", "tables.orders": "tables.orders, and every other table"}
"""Headings that are not the place itself; tables are all mapped by the same keys, so these are told once."""
REQUIRED: Final = "required"


def settings_page() -> str:
    """The keys on top, then one section per section of a configuration."""
    intro = (
        "Everything but `name`, `source` and `tables.orders` has a default. An unknown key is an error that names the "
        "nearest one. Paths are relative to the file. `${env:NAME}` is replaced in `source.url` and `tracking.uri`, "
        "the places where secrets belong."
    )
    parts = [
        f"## {TITLES.get(place, place)}\n\n{first(model.__doc__ or '')}\n\n{_table(model)}"
        for place, model in sections()
    ]
    return page("Settings", intro, *parts)


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every settings class and its place in the file, in reading order; mappings of tables once."""
    yield from _sections("", Config)


def _sections(place: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield place, model
    seen = set[type[BaseModel]]()
    for name, info in model.model_fields.items():
        inner = next(_models(info.annotation), None)
        if inner is not None and inner not in seen:
            seen.add(inner)
            yield from _sections(f"{place}.{name}".lstrip("."), inner)


def _table(model: type[BaseModel]) -> str:
    says = docstrings(model)
    rows = [
        (code(name), told(info), default(info), meaning(info, says.get(name)))
        for name, info in model.model_fields.items()
    ]
    return table(("key", "value", "default", "meaning"), rows)


def told(info: FieldInfo) -> str:
    """What a key takes, in words.

    Examples
    --------
    >>> from hvc_ml.labels import LabelSettings
    >>> told(LabelSettings.model_fields["horizon"])
    'whole number, 1 to 3660'
    """
    if any(_models(info.annotation)):
        return "list of mappings" if get_origin(info.annotation) is tuple else "mapping"
    return _kind(info.annotation) + _limits(info.metadata)


def default(info: FieldInfo) -> str:
    """What holds where a key is left out."""
    if next(_models(info.annotation), None) is not None and not info.is_required():
        return "see below" if not _optional(info.annotation) else "`null`"
    value = info.get_default(call_default_factory=True, validated_data={})
    return REQUIRED if value is PydanticUndefined else code(_yaml(value))


def meaning(info: FieldInfo, says: str | None) -> str:
    """The docstring beside the key, or else of the class it holds."""
    inner = next(_models(info.annotation), None)
    return plain(says or info.description or "") or (first(inner.__doc__ or "") if inner else "")


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring beside each key; pydantic keeps none where the key's type describes itself.

    Examples
    --------
    >>> from hvc_ml.labels import LabelSettings
    >>> docstrings(LabelSettings)["horizon"]
    'Days from the cutoff that labels look ahead.'
    """
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        key.target.id: says.value.value
        for key, says in itertools.pairwise(body)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(says, ast.Expr)
        and isinstance(says.value, ast.Constant)
        and isinstance(says.value.value, str)
    }


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(code(_yaml(value)) for value in inner)
    if origin in {Union, types.UnionType}:
        return " or ".join("`null`" if a is type(None) else _kind(a) for a in inner)
    if hasattr(annotation, "__metadata__"):
        return _kind(inner[0]) + _limits(annotation.__metadata__)
    if origin is tuple:
        kinds = dict.fromkeys(_kind(a) for a in inner if a is not Ellipsis)
        return ("list of " if Ellipsis in inner else f"list of {len(inner)}: ") + " or ".join(kinds)
    if inner:  # a mapping
        return f"mapping of {_kind(inner[0])} to {_kind(inner[1])}"
    return WORDS.get(annotation, "any")


def _limits(metadata: Any) -> str:
    metadata = [m for found in metadata for m in getattr(found, "metadata", [found])]
    low = next((f"{m.ge:.12g}" for m in metadata if isinstance(m, Ge)), None)
    above = next((f"{m.gt:.12g}" for m in metadata if isinstance(m, Gt)), None)
    high = next((f"{m.le:.12g}" for m in metadata if isinstance(m, Le)), None)
    below = next((f"{m.lt:.12g}" for m in metadata if isinstance(m, Lt)), None)
    if low and high:
        return f", {low} to {high}"
    ends = ((low, "from"), (above, "above"), (high, "up to"), (below, "below"))
    said = " and ".join(f"{word} {end}" for end, word in ends if end)
    return f", {said}" if said else ""


def _yaml(value: Any) -> str:
    """A value as one writes it in YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_yaml(v) for v in value) + "]"
    return {"": '""', "\t": '"\\t"'}.get(value, str(value)) if isinstance(value, str) else str(value)


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
