"""Small made-up businesses for whole runs."""

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows.demo import make


def small(folder, kind="retail", customers=1500):
    """A business that trains in seconds."""
    made = make(folder, kind=kind, customers=customers, seed=3, stages=Stages())
    text = made.config.read_text()
    assert "cutoffs: 12" in text
    made.config.write_text(text.replace("cutoffs: 12", "cutoffs: 4") + "\nresources: {memory: 1GB}\n")
    return load_config(made.config)
