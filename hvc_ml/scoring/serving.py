"""How MLflow's tools can use a bundle: the script, the columns, an example of nobody."""

from pathlib import Path

from hvc_ml.scoring.bundle import read_bundle, read_self_test
from hvc_ml.tracking.logged import Serving

SCRIPT = Path(__file__).with_name("served.py")
EXAMPLE_ROWS = 5


def serving(folder: Path) -> Serving:
    """Describe a bundle for ``tracking.registry.register``.

    Raises
    ------
    ModelRefused
        If the bundle is damaged.
    """
    files, meta = read_bundle(folder)
    rows, predictions = read_self_test(files)
    kinds = {name: "double" if rows[name].dtype == float else "string" for name in meta["features"]}
    return Serving(SCRIPT, kinds, list(predictions.columns), rows[[*kinds]].head(EXAMPLE_ROWS))
