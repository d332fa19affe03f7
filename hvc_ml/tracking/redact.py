"""Take passwords and tokens out of a text before anyone reads it."""

import re
from typing import Final

HIDDEN: Final = "***"

_CREDENTIALS = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s'\"]*@")
_HIDE_AFTER = r"[\w-]*(?:password|passwd|pwd|token|secret|api[_-]?key|access[_-]?key)[\w-]*"
_SIGNATURE = r"(?:\b|[_-])sig(?:nature)?"  # a name of its own: "signal" and "design" are no secrets
_PARAMETER = re.compile(rf"(?i)(?P<name>(?:{_HIDE_AFTER}|{_SIGNATURE})['\"]?\s*[=:]\s*['\"]?)(?P<value>[^\s&;,'\"]+)")
_BEARER = re.compile(r"(?i)\b(?P<kind>bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """``text`` without credentials in URLs, secret parameters, authorisation headers, and any of ``secrets``.

    Examples
    --------
    >>> redact("cannot reach https://ann:hunter2@example.org/mlflow?token=abc")
    'cannot reach https://***@example.org/mlflow?token=***'
    >>> redact("first version with signal: churn AUC 0.8; ?sig=abc")
    'first version with signal: churn AUC 0.8; ?sig=***'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _CREDENTIALS.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _BEARER.sub(rf"\g<kind> {HIDDEN}", text)
    return _PARAMETER.sub(rf"\g<name>{HIDDEN}", text)
