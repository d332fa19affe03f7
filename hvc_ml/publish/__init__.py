"""Whole or not at all: private directories and files that appear complete, under their final name, in one step.

A generation is written into a staging directory beside its final place, sealed with ``MANIFEST.json`` (SHA-256 of every
file), flushed to disk and renamed. Whatever goes wrong before the rename, what stood there before still stands.
"""

from hvc_ml.publish.directory import Staging, point_latest, publish_directory
from hvc_ml.publish.files import (
    make_private_directory,
    output_errors,
    private_umask,
    remove_file,
    write_bytes_atomic,
)
from hvc_ml.publish.lock import RunLock
from hvc_ml.publish.manifest import MANIFEST, read_verified, verify_directory

__all__ = [
    "MANIFEST",
    "RunLock",
    "Staging",
    "make_private_directory",
    "output_errors",
    "point_latest",
    "private_umask",
    "publish_directory",
    "read_verified",
    "remove_file",
    "verify_directory",
    "write_bytes_atomic",
]
