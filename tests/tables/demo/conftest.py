"""One made-up shop and one made-up club for all tests of this folder."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hvc_ml.tables.demo import DemoSettings, write_demo


def _made(folder, kind, customers):
    settings = DemoSettings(kind=kind, customers=customers, seed=11)
    files = write_demo(folder, settings)
    data = {name: pd.read_parquet(path) for name, path in files.data.items()}
    truth = {name: pd.read_parquet(path) for name, path in files.truth.items()}
    return SimpleNamespace(settings=settings, files=files, truth=truth, folder=folder, **data)


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """20,000 customers of a shop, and the truth about them."""
    return _made(tmp_path_factory.mktemp("shop"), "retail", 20_000)


@pytest.fixture(scope="session")
def club(tmp_path_factory):
    """15,000 members of a club, and the truth about them."""
    return _made(tmp_path_factory.mktemp("club"), "subscription", 15_000)


@pytest.fixture(scope="session")
def miscalibration():
    """Expected calibration error over groups of equal size: 0 is best."""

    def error(risk, happened, groups=15):
        order = np.argsort(risk, kind="stable")
        parts = np.array_split(order, groups)
        return sum(abs(risk[p].mean() - happened[p].mean()) * len(p) for p in parts) / len(risk)

    return error
