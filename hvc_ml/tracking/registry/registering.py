"""A bundle becomes the next version, as a model that MLflow's own tools can load."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hvc_ml import __version__
from hvc_ml.errors import ModelRefused
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.tracking.content import refuse_ids, sections
from hvc_ml.tracking.copies import card_of, digest_of, keep_copy
from hvc_ml.tracking.logged import Serving, lent, log_model
from hvc_ml.tracking.registry.versions import CHALLENGER, DIGEST, number_of, registered_model
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store

SAYS: Final = """Churn risk and future value of each customer, as hvc-ml trains them.

`@champion` scores: `hvc-ml score` uses it, and `mlflow models serve -m "models:/{name}@champion"` serves it.
`@challenger` is the newest version that did not become champion. Each version's description says why it did, or not;
its card is `model_card.md` among the model's artifacts. `hvc-ml models list` tells the whole story."""


def register(
    store: Store,
    run: Run,
    bundle: Path,
    serving: Serving,
    *,
    metrics: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    card: str = "",
) -> int:
    """Register a bundle as the next version and as challenger.

    The bundle is logged as a model from code: MLflow's tools can load and serve it, and no pickle is involved.

    Parameters
    ----------
    run
        The training that made it; an open one.
    bundle
        The bundle's folder.
    serving
        How MLflow's tools use it.
    metrics
        Headline figures, kept as tags of the version.
    tags
        Further tags of the version (grade, rung).
    card
        The model card in Markdown: kept with the model, and as ``models/cards/version_<number>.md``.

    Returns
    -------
    int
        The version's number.

    Raises
    ------
    ModelRefused
        If there is no bundle.
    ServiceError
        If the store stops answering; the bundle on disk stays, and registering can be repeated.
    OutputError
        If the bundle's or the card's copy cannot be written.
    """
    refuse_ids(serving.example, "input example")
    digest = digest_of(bundle)
    if digest is None:
        raise ModelRefused(f"{bundle}: no bundle there. Train again.")
    keep_copy(store.folder, bundle, digest)
    kept = {name: f"{value:.6g}" for name, value in sections(metrics or {}).items() if name.count("/") == 1}
    said = {**kept, **(tags or {}), DIGEST: digest, "hvc_ml": __version__}
    clean = {name: store.connection.clean(str(value)) for name, value in said.items()}
    client = store.connection.client
    with store.connection.talking("registering the model"), lent(store.uri) as mlflow:
        source, model_id = log_model(mlflow, run.id, bundle, serving, store.connection.clean(card))
        _ensure_registered_model(store)
        made = client.create_model_version(store.name, source, run.id, tags=clean, model_id=model_id)
        client.set_registered_model_alias(store.name, CHALLENGER, made.version)
    run.tags({"model_version": made.version})
    run.made(f"v{made.version}")
    if card:
        write_bytes_atomic(card_of(store.folder, number_of(made)), store.connection.clean(card).encode())
    return number_of(made)


def _ensure_registered_model(store: Store) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    if registered_model(store) is None:
        try:
            store.connection.client.create_registered_model(store.name, description=SAYS.format(name=store.name))
        except MlflowException as error:  # another process made it in the same instant
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
