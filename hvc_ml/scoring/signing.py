"""An optional signature: with a key, only bundles that someone with the key wrote are read."""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Final

from hvc_ml.errors import ConfigError, ModelRefused

SIGNATURE: Final = "signature.json"
KEY: Final = "HVC_SIGNING_KEY"
"""The environment variable that holds the key; without it nothing is signed and nothing is asked for."""

_LEAST: Final = 16


def signed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with their signature, where there is a key.

    Parameters
    ----------
    files
        Relative name -> content.

    Raises
    ------
    ConfigError
        If the key is shorter than 16 bytes.

    Examples
    --------
    >>> os.environ[KEY] = "a key of a test, no secret"
    >>> bundle = signed({"trees.txt": b"tree"})
    >>> sorted(bundle)
    ['signature.json', 'trees.txt']
    >>> check_signature(bundle)
    >>> check_signature({**bundle, "trees.txt": b"twig"})
    Traceback (most recent call last):
    ...
    hvc_ml.errors.ModelRefused: signature.json: the bundle was changed, or signed with another key. Train again.
    >>> del os.environ[KEY]
    """
    key = _key()
    if key is None:
        return dict(files)
    document = {"algorithm": "HMAC-SHA256", "signature": _hmac(key, files)}
    return {**files, SIGNATURE: f"{json.dumps(document, sort_keys=True)}\n".encode()}


def check_signature(files: Mapping[str, bytes]) -> None:
    """Refuse a bundle that nobody with the key signed; nothing is asked where there is no key.

    Raises
    ------
    ModelRefused
        If there is a key, and no signature or another one.
    """
    key = _key()
    if key is None:
        return
    if SIGNATURE not in files:
        raise ModelRefused(f"{SIGNATURE}: the bundle is not signed, and {KEY} asks for it. Train again with the key.")
    content = {name: data for name, data in files.items() if name != SIGNATURE}
    if not hmac.compare_digest(_found(files[SIGNATURE]), _hmac(key, content)):
        raise ModelRefused(f"{SIGNATURE}: the bundle was changed, or signed with another key. Train again.")


def _found(content: bytes) -> str:
    try:
        found = json.loads(content)["signature"]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) and found.isascii() else ""


def _key() -> bytes | None:
    text = os.environ.get(KEY, "")
    if text and len(text.encode()) < _LEAST:
        raise ConfigError(f"{KEY}: {len(text.encode())} bytes; a key has at least {_LEAST}.")
    return text.encode() or None


def _hmac(key: bytes, files: Mapping[str, bytes]) -> str:
    """Over the names and hashes of all files, in an order of their own."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return hmac.new(key, json.dumps(hashes, sort_keys=True).encode(), hashlib.sha256).hexdigest()
