"""The customer model: the fitted recipe, the columns it reads, and what they mean, as one artifact."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
import pandas as pd

from hvc_ml.errors import GateFailed, ModelRefused
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.scoring.bundle import read_bundle, self_test, selftest_rows, write_bundle

INFO: Final = "model.json"
RECIPE: Final = "recipe/"
TESTED: Final = "tested/"
NOT_NEGATIVE: Final = ("value_if_kept",)
ADDED: Final = ("features", "format", "hvc_ml")
"""What reading a bundle adds to its meta."""


class Recipe(Protocol):
    """What the model needs of a fitted recipe (``hvc_ml.estimators``)."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Risks and values, one row per row of ``frame``."""
        ...

    def contributions(self, frame: pd.DataFrame) -> Any:
        """What each feature adds."""
        ...

    def predict_and_explain(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
        """Both, at little more than the cost of the latter alone."""
        ...

    def total(self, predictions: pd.DataFrame, coverage: float) -> tuple[float, float, float]:
        """All customers' future value together: low, expected, high."""
        ...

    def to_files(self) -> dict[str, bytes]:
        """The recipe as text and JSON."""
        ...


@dataclass(frozen=True)
class ModelInfo:
    """What a model is made for: JSON values only, no row and no id.

    Parameters
    ----------
    features
        Columns in the order the model reads them.
    inputs
        Further columns it needs (what the prior is computed from, where a family of features is off).
    units, families, says
        Feature -> its unit, its family of reasons, its sentence.
    categories
        Text feature -> its known values.
    horizon
        Days the labels looked ahead.
    currency
        ISO code of the money.
    settings
        Population, labels and other settings the features and labels were made with.
    tiers
        Name and cumulative share of each tier, best first.
    """

    features: tuple[str, ...]
    horizon: int
    currency: str = "EUR"
    inputs: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    families: dict[str, str] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)
    categories: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    tiers: tuple[tuple[str, float], ...] = ()

    def as_json(self) -> bytes:
        """Deterministic JSON."""
        text = json.dumps(self.__dict__, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()

    @property
    def columns(self) -> tuple[str, ...]:
        """Everything the model reads."""
        return (*self.features, *(name for name in self.inputs if name not in self.features))

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what `as_json` wrote; ModelRefused if it is something else."""
        try:
            document = json.loads(content)
            document["features"], document["inputs"] = tuple(document["features"]), tuple(document["inputs"])
            document["tiers"] = tuple((str(name), float(share)) for name, share in document["tiers"])
            return cls(**document)
        except (TypeError, KeyError, ValueError):
            raise ModelRefused(f"{INFO}: written for another release of hvc-ml. Train again.") from None


@dataclass(frozen=True)
class CustomerModel:
    """A fitted recipe with what it takes to use it on other rows.

    Parameters
    ----------
    recipe
        The fitted recipe.
    info
        Columns and their meaning.
    meta
        Further JSON values kept in the bundle (data hashes, grade, cutoffs).
    tested
        The recipe as it stood at the newest test cutoff. The next challenger is measured against it: the recipe of
        production has seen the test cutoffs' labels.
    """

    recipe: Recipe
    info: ModelInfo
    meta: Mapping[str, Any] = field(default_factory=dict)
    tested: Recipe | None = None

    def as_tested(self) -> "CustomerModel":
        """The model as it was tested, for an honest comparison on later cutoffs."""
        if self.tested is None:
            raise ModelRefused("the bundle holds no tested recipe to compare with. Train again.")
        return replace(self, recipe=self.tested)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Risks and values of customers.

        Parameters
        ----------
        frame
            Has the model's features, in any order; further columns are not read.

        Returns
        -------
        DataFrame
            The recipe's columns (``churn_risk`` in [0, 1]; money in ``info.currency`` over ``info.horizon`` days), with
            the index of ``frame``.

        Raises
        ------
        ModelRefused
            If features are missing, text where a number belongs, or the reverse.
        GateFailed
            If a prediction is not finite or a risk not a probability.
        """
        rows = self.columns(frame)
        predictions = self.recipe.predict(rows)
        _check_predictions(predictions)
        return predictions

    def predict_and_explain(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
        """`predict` and `contributions` of the same rows, for little more than the latter alone."""
        predictions, explained = self.recipe.predict_and_explain(self.columns(frame))
        _check_predictions(predictions)
        return predictions, explained

    def contributions(self, frame: pd.DataFrame) -> Any:
        """What each feature adds for each customer, as the recipe splits it."""
        return self.recipe.contributions(self.columns(frame))

    def columns(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The model's columns in the model's order: by name, never by place; the prior's own pass if given."""
        wanted = self.info.columns
        missing = [name for name in wanted if name not in frame.columns]
        if missing:
            shown = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
            raise ModelRefused(
                f"{len(missing)} of {len(wanted)} features of the model are not in the data: {shown}. "
                "Give the data what it had at training, or train again."
            )
        rows = frame.loc[:, [*wanted, *(c for c in PRIOR_COLUMNS if c in frame.columns and c not in wanted)]]
        if not rows.columns.is_unique:
            raise ModelRefused("the data hold a feature of the model twice; its name must be unique.")
        self._check_types(rows)
        return rows

    def _check_types(self, rows: pd.DataFrame) -> None:
        text = set(self.info.categories)
        wrong = [
            name
            for name in self.info.columns
            if pd.api.types.is_numeric_dtype(rows[name]) == (name in text) and not rows[name].isna().all()
        ]
        if wrong:
            kind = "text" if wrong[0] in text else "a number"
            raise ModelRefused(f"{len(wrong)} features have another type than at training; {wrong[0]} was {kind}.")

    def save(
        self, folder: Path, sample: pd.DataFrame, *, meta: Mapping[str, Any] | None = None, replace: bool = False
    ) -> str:
        """Write the bundle.

        Parameters
        ----------
        folder
            Where it shall stand.
        sample
            Rows from which the self-test is made, column by column; no row of it is stored.
        meta
            JSON values added to the model's own ``meta``.

        Returns
        -------
        str
            The identity of the bundle (SHA-256 of its manifest).

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        rows = selftest_rows(sample, self.info.columns)
        files = {INFO: self.info.as_json(), **{RECIPE + name: c for name, c in self.recipe.to_files().items()}}
        if self.tested is not None:
            files |= {TESTED + name: c for name, c in self.tested.to_files().items()}
        said = {k: v for k, v in {**self.meta, **(meta or {})}.items() if k not in ADDED}
        said["features"] = list(self.info.columns)
        return write_bundle(folder, files, meta=said, selftest=(rows, self.predict(rows)), replace=replace)

    @classmethod
    def load(cls, folder: Path, read_recipe: Callable[[dict[str, bytes]], Recipe] | None = None) -> Self:
        """Read a bundle, verify it, and try it on its stored rows.

        Parameters
        ----------
        folder
            What `save` wrote.
        read_recipe
            Files -> recipe; that of ``hvc_ml.estimators`` by default.

        Raises
        ------
        ModelRefused
            If anything was changed, is missing or of another release, or one prediction differs in one bit.
        """
        files, meta = read_bundle(folder)
        if INFO not in files:
            raise ModelRefused(f"{folder}: {INFO} is not in the bundle; it is not a customer model.")
        info = ModelInfo.from_json(files[INFO])
        if list(info.columns) != meta["features"]:
            raise ModelRefused(f"{folder}: the bundle names {len(meta['features'])} other features than its model.")
        read = read_recipe or _read_recipe
        tested = _below(files, TESTED)
        model = cls(read(_below(files, RECIPE)), info, meta, tested=read(tested) if tested else None)
        self_test(model.predict, files)
        return model


def _below(files: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    return {name.removeprefix(prefix): content for name, content in files.items() if name.startswith(prefix)}


def _read_recipe(files: dict[str, bytes]) -> Recipe:
    from hvc_ml.estimators.fitted import Recipe as FittedRecipe  # noqa: PLC0415 # LightGBM takes two seconds to import

    recipe: Recipe = FittedRecipe.from_files(files)
    return recipe


def _check_predictions(predictions: pd.DataFrame) -> None:
    for name in predictions.select_dtypes("number"):
        values = predictions[name].to_numpy(np.float64)
        bad = ~np.isfinite(values)
        if name == "churn_risk":
            bad |= (values < 0) | (values > 1)
        if name in NOT_NEGATIVE:
            bad |= values < 0
        if bad.any():
            raise GateFailed(
                f"{name}: {int(bad.sum()):,} of {len(values):,} predictions are out of range; nothing is published."
            )
