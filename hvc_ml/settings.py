"""The base of every settings class, the units they speak in, and safe YAML."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from hvc_ml.errors import ConfigError

Days = Annotated[int, Field(ge=1, le=3660, description="whole days of the business's time zone")]
Share = Annotated[float, Field(ge=0.0, le=1.0, description="a share between 0 and 1")]
Money = Annotated[float, Field(ge=0.0, allow_inf_nan=False, description="money in the currency of the orders")]

MAX_YAML_BYTES = 1_000_000


class Settings(BaseModel):
    """Frozen settings that refuse a key they do not know.

    Examples
    --------
    >>> class Holdout(Settings):
    ...     share: Share = 0.1
    >>> Holdout(share=0.2).share
    0.2
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=False)


class _SafeLoader(yaml.SafeLoader):
    """YAML without aliases (a small file cannot grow large) and without repeated keys (no silent last-one-wins)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML's stubs leave it out
            raise ConfigError(f"line {event.start_mark.line + 1}: aliases (*name) are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 # PyYAML's signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise ConfigError(f"line {key_node.start_mark.line + 1}: a key is a word, not a list or a section")
            if key in seen:
                raise ConfigError(f"line {key_node.start_mark.line + 1}: the key {key!r} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read one YAML mapping, safely.

    Parameters
    ----------
    path
        A UTF-8 file of at most 1 MB.

    Returns
    -------
    Mapping
        The document, plain Python values only.

    Raises
    ------
    ConfigError
        If the file is missing, too large, not UTF-8, not a mapping, or uses aliases or repeated keys.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file. Write one: `hvc-ml init --orders FILE`; or name it: -c.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from None
    if len(raw) > MAX_YAML_BYTES:
        raise ConfigError(f"{path}: {len(raw):,} bytes; a configuration has at most {MAX_YAML_BYTES:,}.")
    try:
        document = yaml.load(raw.decode("utf-8"), Loader=_SafeLoader)  # noqa: S506 # a SafeLoader, made stricter
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}.") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}.") from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # what the values' own readers raise
        raise ConfigError(f"{path}: holds a value that YAML cannot make ({type(error).__name__}).") from None
    except RecursionError:
        raise ConfigError(f"{path}: sections within sections, too deep to read.") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected sections (name, tables, ...), found {type(document).__name__}.")
    return document
