"""Keyed pseudonyms: another name for every customer, the same in every table, which nobody finds without the key."""

import hashlib
import hmac
import os
import re
from typing import Final

from hvc_ml.errors import ConfigError

KEY: Final = "HVC_PSEUDONYM_KEY"
"""The environment variable that holds the key where ``source.pseudonyms`` asks for one."""
MACRO: Final = "pseudonym"
"""What the engine calls the function: a query names it, and never the key."""

_LEAST: Final = 16
_BLOCK: Final = 64
_PREFIX: Final = "p_"
_DIGITS: Final = 24
_SHAPE: Final = re.compile(rf"{_PREFIX}[0-9a-f]{{{_DIGITS}}}")
_CHECK: Final = "\0which key is it?"
"""No source has such an id: what it becomes tells two keys apart, and nothing else."""


def pseudonym_key() -> bytes:
    """The key, from the environment.

    Raises
    ------
    ConfigError
        If there is none, or it has fewer than 16 bytes.
    """
    key = os.environ.get(KEY, "").encode()
    if not key:
        raise ConfigError(f"source.pseudonyms: the environment variable {KEY}, which holds the key, is not set.")
    if len(key) < _LEAST:
        raise ConfigError(f"{KEY}: {len(key)} bytes; a key has at least {_LEAST}.")
    return key


def pseudonym(customer: str, key: bytes) -> str:
    """``p_`` and the first 24 hexadecimal digits (96 bits) of the HMAC-SHA-256 of an id.

    Parameters
    ----------
    customer
        Byte-exact: ``007`` is another customer than ``7``.
    key
        See `pseudonym_key`.

    Notes
    -----
    Among a million customers two share a pseudonym with probability 6e-18, among a thousand million 6e-12.

    References
    ----------
    RFC 2104, "HMAC: Keyed-Hashing for Message Authentication"; its section 5 on truncation.

    Examples
    --------
    >>> pseudonym("C0001234", b"a key of a test, no secret")
    'p_faa6ee4f248f1913cec4a77d'
    """
    return f"{_PREFIX}{hmac.digest(key, customer.encode(), 'sha256').hex()[:_DIGITS]}"


def known_as(typed: str, key: bytes) -> str:
    """The pseudonym of an id that a person typed; what is a pseudonym already stays.

    Examples
    --------
    >>> key = b"a key of a test, no secret"
    >>> known_as("ann", key) == known_as(pseudonym("ann", key), key) == pseudonym("ann", key)
    True
    """
    return typed if _SHAPE.fullmatch(typed) else pseudonym(typed, key)


def check_value(key: bytes) -> str:
    """What tells two keys apart without telling either."""
    return pseudonym(_CHECK, key)


def macro(key: bytes) -> str:
    """The statement that teaches the engine `pseudonym`, for one connection and never on a disk.

    The engine has a hash and no keyed one, so the two rounds of HMAC are written out.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(b ^ pad for b in block).hex() for pad in (0x36, 0x5C))
    message = f"unhex(sha256(unhex('{inner}') || encode(id)))"
    digest = f"sha256(unhex('{outer}') || {message})"
    return f"CREATE OR REPLACE TEMP MACRO {MACRO}(id) AS '{_PREFIX}' || substr({digest}, 1, {_DIGITS})"
