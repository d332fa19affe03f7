"""Versions of the model: registered with every training, one of them champion, every change with its reason."""

from hvc_ml.tracking.registry.bundles import champion, fetch
from hvc_ml.tracking.registry.deciding import previous, promote, refuse, rollback
from hvc_ml.tracking.registry.registering import register
from hvc_ml.tracking.registry.versions import CHALLENGER, CHAMPION, Version, champions, versions

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "Version",
    "champion",
    "champions",
    "fetch",
    "previous",
    "promote",
    "refuse",
    "register",
    "rollback",
    "versions",
]
