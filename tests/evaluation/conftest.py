"""The made-up shop for every test here (tests are no package, so helpers come as fixtures)."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made_up_shop", Path(__file__).with_name("shop.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_up() -> ModuleType:
    """``shop``, ``says`` and ``rule``."""
    return _load()
