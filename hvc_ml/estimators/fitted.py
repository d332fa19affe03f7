"""The fitted models as one object: a prior, two corrections of it, calibration, totals, intervals; text and JSON.

``churn margin = prior log-odds + weight x (line + trees)``, made a probability by the calibrator; ``value margin = log
prior value + weight x (line + trees) + log scale``, made money by ``exp``. Both are sums, so both can be explained
exactly.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.boosting import Boosted
from hvc_ml.estimators.calibration import Calibrator
from hvc_ml.estimators.churn import churn_offset
from hvc_ml.estimators.intervals import Intervals
from hvc_ml.estimators.line import Line
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.prior_columns import Prior, prior_from_json, with_prior
from hvc_ml.estimators.value import value_offset

Array = NDArray[np.float64]
Kind = Literal["no_order", "contract_end"]
Link = Callable[[Array], Array]

PRIOR = "prior"
"""The contributions' column for the prior: its offset and what the trees make of its outputs."""

FORMAT = 1


class Contributions(NamedTuple):
    """``base + phi.sum(axis=1)`` is a margin; ``link(margin)`` is what ``predict`` returns."""

    base: float
    phi: pd.DataFrame
    link: Link


class Explained(NamedTuple):
    """The two models' contributions, with the same columns in both: the features, then ``prior``."""

    churn: Contributions
    value: Contributions


@dataclass(frozen=True)
class Correction:
    """What was learned on top of the prior's margin: ``offset + weight * (line + trees) + shift``.

    Attributes
    ----------
    line, trees
        The straight-line correction and the trees; None where the prior stands alone.
    weight
        How far the correction is believed, from 0 (the prior) to 1.
    reference
        The offset that counts as nobody's in particular when margins are explained.
    shift
        Log of the scale that makes totals right.
    """

    line: Line | None
    trees: Boosted | None
    weight: float
    reference: float
    shift: float = 0.0

    def margin(self, offset: Array, frame: pd.DataFrame, threads: int | None) -> Array:
        """Corrected margins, shape (n,)."""
        return offset + self.weight * self.correction(offset, frame, threads) + self.shift

    def correction(self, offset: Array, frame: pd.DataFrame, threads: int | None) -> Array:
        """Line and trees, before they are weighted."""
        total = np.zeros(len(frame))
        if self.line is not None:
            total = total + self.line.margin(offset, frame)
        if self.trees is not None:
            total = total + self.trees.margin(frame, threads)
        return total

    def contributions(
        self, offset: Array, frame: pd.DataFrame, features: Sequence[str], threads: int | None
    ) -> tuple[float, pd.DataFrame]:
        """Split ``margin`` over the features and the prior."""
        columns = [*features, PRIOR]
        place = {name: i for i, name in enumerate(columns)} | dict.fromkeys(PRIOR_COLUMNS, len(features))
        phi = np.zeros((len(frame), len(columns)))
        phi[:, -1] = offset - self.reference
        base = self.reference + self.shift
        if self.line is not None:
            at_reference = float(self.line.on_offset(np.array([self.reference]))[0])
            base += self.weight * (self.line.intercept + at_reference)
            phi[:, -1] += self.weight * (self.line.on_offset(offset) - at_reference)
            for name, share in self.line.contributions(frame).items():
                phi[:, place[name]] += self.weight * share
        if self.trees is not None:
            tree_base, tree_phi = self.trees.contributions(frame, threads)
            base += self.weight * tree_base
            for position, name in enumerate(self.trees.encoder.columns):
                phi[:, place[name]] += self.weight * tree_phi[:, position]
        return base, pd.DataFrame(phi, index=frame.index, columns=columns)

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' text."""
        return {
            "weight": self.weight,
            "reference": self.reference,
            "shift": self.shift,
            "line": None if self.line is None else self.line.to_json(),
            "trees": None if self.trees is None else self.trees.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], text: bytes | None) -> Self:
        """Read what ``to_json`` wrote, with the text."""
        line, trees = values["line"], None
        if values["trees"] is not None:
            if text is None:
                raise ModelRefused("recipe: the trees' text is missing. Train again.")
            trees = Boosted.from_text(text.decode("utf-8"), values["trees"])
        return cls(
            line=None if line is None else Line.from_json(line),
            trees=trees,
            weight=float(values["weight"]),
            reference=float(values["reference"]),
            shift=float(values["shift"]),
        )


@dataclass(frozen=True)
class Recipe:
    """Fitted models at a moment. Made by ``fit_recipe``; all money in the currency of the orders, times in days.

    Attributes
    ----------
    rung
        "boosted", or "prior" where data were too few for more.
    why
        Why this rung, in one sentence.
    kind
        What leaving means: "no_order" or "contract_end".
    horizon
        Days that risk and value look ahead.
    features
        Columns that ``predict`` needs (besides those the prior needs).
    prior
        Computes the prior's columns where a frame lacks them.
    floor
        The least that the prior's value if kept counts as.
    leavers_share
        What leavers bring, as a share of value if kept (0 without contracts).
    notes
        Figures of the fit: rows, rounds, weights, scale, Brier scores per calibrator, cap of the value target.
    curves
        Loss per round: ``churn_fit, churn_stop, value_fit, value_stop``.
    """

    rung: Literal["boosted", "prior"]
    why: str
    kind: Kind
    horizon: int
    features: tuple[str, ...]
    prior: Prior | None
    churn: Correction
    value: Correction
    calibrator: Calibrator
    intervals: Intervals
    floor: float
    leavers_share: float = 0.0
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)
    threads: int | None = field(default=None, compare=False)

    @property
    def curves(self) -> dict[str, list[float]]:
        """Loss per round of boosting, the prior alone first (lower is better)."""
        parts = (("churn", self.churn), ("value", self.value))
        return {
            f"{name}_{rows}": list(values)
            for name, part in parts
            if part.trees is not None
            for rows, values in part.trees.curves.items()
        }

    @property
    def importance(self) -> dict[str, dict[str, float]]:
        """Total gain per column and model."""
        parts = {"churn": self.churn, "value": self.value}
        return {name: part.trees.importance() for name, part in parts.items() if part.trees is not None}

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Risk and money of each row.

        Parameters
        ----------
        frame
            Features at a cutoff; the prior's columns are computed where they are absent.

        Returns
        -------
        DataFrame
            ``churn_risk`` in [0, 1]; ``value_if_kept``, ``future_value``, ``future_value_low``,
            ``future_value_high`` in the currency, over the horizon; the frame's index.

        Raises
        ------
        ModelRefused
            If columns are missing or infinite, or a prediction is not finite.
        """
        frame = with_prior(frame, self.prior, self.horizon)
        churn, value = self._offsets(frame)
        risk = self.calibrator(self.churn.margin(churn, frame, self.threads))
        kept = np.exp(self.value.margin(value, frame, self.threads))
        wrong = int((~np.isfinite(risk * kept)).sum())
        if wrong:
            raise ModelRefused(f"{wrong:,} of {len(frame):,} predictions are not finite numbers. Train again.")
        future = (1 - risk) * kept + risk * self.leavers_share * kept
        low, high = self.intervals.predict(risk, kept, future)
        return pd.DataFrame(
            {
                "churn_risk": risk,
                "value_if_kept": kept,
                "future_value": future,
                "future_value_low": low,
                "future_value_high": high,
            },
            index=frame.index,
        )

    def contributions(self, frame: pd.DataFrame) -> Explained:
        """Split both margins exactly over the features and the prior; see ``Contributions``.

        What the trees make of the prior's outputs is counted under ``prior``, together with its offset against the
        offset of the median customer of the fit.
        """
        frame = with_prior(frame, self.prior, self.horizon)
        churn, value = self._offsets(frame)
        base, phi = self.churn.contributions(churn, frame, self.features, self.threads)
        base_value, phi_value = self.value.contributions(value, frame, self.features, self.threads)
        return Explained(Contributions(base, phi, self.calibrator), Contributions(base_value, phi_value, np.exp))

    def _offsets(self, frame: pd.DataFrame) -> tuple[Array, Array]:
        return offsets(frame, self.floor)

    def to_files(self) -> dict[str, bytes]:
        """Text of the trees and one JSON; the same recipe always gives the same bytes."""
        parts = {"churn": self.churn, "value": self.value}
        files = {f"{k}.txt": c.trees.text.encode("utf-8") for k, c in parts.items() if c.trees is not None}
        body = {
            "format": FORMAT,
            "rung": self.rung,
            "why": self.why,
            "kind": self.kind,
            "horizon": self.horizon,
            "features": list(self.features),
            "prior": None if self.prior is None else self.prior.to_json(),
            "churn": self.churn.to_json(),
            "value": self.value.to_json(),
            "calibrator": self.calibrator.to_json(),
            "intervals": self.intervals.to_json(),
            "floor": self.floor,
            "leavers_share": self.leavers_share,
            "notes": dict(self.notes),
        }
        text = json.dumps(body, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
        return {**files, "recipe.json": text.encode("utf-8")}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, threads: int | None = None) -> Self:
        """Read what ``to_files`` wrote; predictions are bit-identical.

        Check the files' checksums first: LightGBM may end the process on a damaged text.

        Raises
        ------
        ModelRefused
            If a file is missing or of another make.
        """
        try:
            body = json.loads(files["recipe.json"])
        except (KeyError, ValueError) as error:
            raise ModelRefused(f"recipe.json: missing or not JSON ({type(error).__name__}). Train again.") from None
        if body.get("format") != FORMAT:
            raise ModelRefused(f"recipe.json: format {body.get('format')!r}, expected {FORMAT}. Train again.")
        try:
            return cls(
                rung=body["rung"],
                why=body["why"],
                kind=body["kind"],
                horizon=int(body["horizon"]),
                features=tuple(body["features"]),
                prior=prior_from_json(body["prior"]),
                churn=Correction.from_json(body["churn"], files.get("churn.txt")),
                value=Correction.from_json(body["value"], files.get("value.txt")),
                calibrator=Calibrator.from_json(body["calibrator"]),
                intervals=Intervals.from_json(body["intervals"]),
                floor=float(body["floor"]),
                leavers_share=float(body["leavers_share"]),
                notes=body["notes"],
                threads=threads,
            )
        except (KeyError, TypeError) as error:
            raise ModelRefused(f"recipe.json: {type(error).__name__} at {error}. Train again.") from None


def offsets(frame: pd.DataFrame, floor: float) -> tuple[Array, Array]:
    """The prior's margins: log-odds of leaving, and log of value if kept."""
    active = frame["prior_active"].to_numpy(np.float64)
    value = value_offset(frame["prior_value_if_kept"].to_numpy(np.float64), floor)
    return churn_offset(1 - active), value
