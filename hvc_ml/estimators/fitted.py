"""The fitted models as one object: a prior, its corrections, calibration, totals, intervals; text and JSON.

``churn margin = prior log-odds + weight x (line + trees) + level``, made a probability by the calibrator; ``value
margin = weighted mean of the members' logarithms + level``, made money by ``exp``. Both are sums, so both can be
explained exactly.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.blend import ValueBlend
from hvc_ml.estimators.correction import PRIOR, Contribution, Correction, starts
from hvc_ml.estimators.intervals import Intervals
from hvc_ml.estimators.moves import Moves
from hvc_ml.estimators.prior_columns import Prior, prior_from_json, with_prior
from hvc_ml.estimators.risk import RiskModel, log_stay
from hvc_ml.estimators.timing import Timing

Array = NDArray[np.float64]
Kind = Literal["no_order", "contract_end"]
Link = Callable[[Array], Array]

Rung = Literal["heuristic", "prior", "boosted", "blended"]
"""The ladder: simple rates; the prior alone; boosted from the prior; several members blended."""

FORMAT = 2

TOTAL_ERROR = 0.25
"""Where no past cutoff can teach it: a quarter more or less, as the logs of the benchmarks had it."""


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
class Recipe:
    """Fitted models at a moment. Made by ``fit_recipe``; all money in the currency of the orders, times in days.

    Attributes
    ----------
    rung
        How far up the ladder the data carried.
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
    risk, value
        Churn risk, and value if kept.
    intervals
        Of future value.
    floor
        The least that the prior's value if kept counts as.
    total_error
        Standard error of the logarithm of all customers' future value together: the common shock of a season or a
        market, which does not shrink with more customers.
    timing, moves
        When, and where to: columns that ``predict`` adds where they were fitted.
    notes
        Figures of the fit: rows, rounds, weights, levels, Brier scores per calibrator, cap of the value target.
    """

    rung: Rung
    why: str
    kind: Kind
    horizon: int
    features: tuple[str, ...]
    prior: Prior | None
    risk: RiskModel
    value: ValueBlend
    intervals: Intervals
    floor: float
    total_error: float = TOTAL_ERROR
    timing: Timing | None = None
    moves: Moves | None = None
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)
    threads: int | None = field(default=None, compare=False)

    @property
    def parts(self) -> dict[str, Correction]:
        """Everything with trees, by the name of its file."""
        return {
            "churn": self.risk.boosted,
            "churn_trees": self.risk.trees,
            "hurdle": self.value.hurdle,
            "tweedie": self.value.tweedie,
            "value_trees": self.value.trees,
        }

    @property
    def curves(self) -> dict[str, list[float]]:
        """Loss per round of boosting, its start first (lower is better): ``churn_fit``, ``churn_stop``, ..."""
        return {
            f"{name}_{rows}": list(values)
            for name, part in self.parts.items()
            if part.trees is not None
            for rows, values in part.trees.curves.items()
        }

    @property
    def importance(self) -> dict[str, dict[str, float]]:
        """Total gain per column and model."""
        return {name: part.trees.importance() for name, part in self.parts.items() if part.trees is not None}

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
            ``future_value_high`` in the currency, over the horizon; then what ``Timing.predict`` and ``Moves.predict``
            say, where they were fitted; the frame's index.

        Raises
        ------
        ModelRefused
            If columns are missing or infinite, or a prediction is not finite.
        """
        frame = with_prior(frame, self.prior, self.horizon)
        start = starts(frame, self.floor)
        risk = self.risk.risk(start, frame, self.threads)
        return self._said(frame, risk, self.value.margin(start, frame, risk, self.threads))

    def _said(self, frame: pd.DataFrame, risk: Array, value_margin: Array) -> pd.DataFrame:
        """What `predict` says of rows with the prior's columns, from risk and the margin of value if kept."""
        kept = np.exp(value_margin)
        wrong = int((~np.isfinite(risk * kept)).sum())
        if wrong:
            raise ModelRefused(f"{wrong:,} of {len(frame):,} predictions are not finite numbers. Train again.")
        future = kept * np.exp(log_stay(risk, self.value.leavers_share))
        low, high = self.intervals.predict(risk, kept, future)
        money = {
            "churn_risk": risk,
            "value_if_kept": kept,
            "future_value": future,
            "future_value_low": low,
            "future_value_high": high,
        }
        further = []
        if self.timing is not None:
            further.append(self.timing.predict(frame, risk, self.prior))
        if self.moves is not None:
            further.append(self.moves.predict(frame, risk, self.threads))
        return pd.concat([pd.DataFrame(money, index=frame.index), *further], axis=1)

    def calibrated_as(self, other: "Recipe") -> "Recipe":
        """The same prior and trees with another recipe's calibrator, levels, and share that leavers bring.

        What was learned from late rows about all customers alike is told apart from what was learned of each. Only
        risk and value if kept are meant; intervals, timing and moves stay as they are.
        """
        risk = replace(self.risk, calibrator=other.risk.calibrator, shift=other.risk.shift)
        value = replace(self.value, shift=other.value.shift, leavers_share=other.value.leavers_share)
        return replace(self, risk=risk, value=value)

    def total(self, predictions: pd.DataFrame, coverage: float) -> tuple[float, float, float]:
        """All customers' future value together: low, expected, high.

        The common shock and each customer's own spread add up as independent errors do; of many customers only the
        shock remains. A sum of independent rows alone would be far too narrow.

        Parameters
        ----------
        predictions
            As ``predict`` returns them.
        coverage
            Share of such intervals that hold the total, in (0, 1).
        """
        z = float(ndtri((1 + coverage) / 2))
        expected = float(predictions["future_value"].sum())
        width = (predictions["future_value_high"] - predictions["future_value_low"]).to_numpy(np.float64)
        own = float(np.sqrt((width**2).sum())) / (2 * float(ndtri((1 + self.intervals.coverage) / 2)))
        spread = z * float(np.hypot(self.total_error, own / max(expected, 1e-300)))
        return expected * float(np.exp(-spread)), expected, expected * float(np.exp(spread))

    def contributions(self, frame: pd.DataFrame) -> Explained:
        """Split both margins exactly over the features and the prior; see ``Contributions``.

        What line and trees make of the prior's outputs is counted under ``prior``, together with its margin against
        that of the median customer of the fit.
        """
        frame = with_prior(frame, self.prior, self.horizon)
        return self._explained(frame, *self._split(frame))

    def predict_and_explain(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Explained]:
        """`predict` and `contributions`, each bit of them, at little more than the cost of the latter alone."""
        frame = with_prior(frame, self.prior, self.horizon)
        churn, value = self._split(frame)
        said = self._said(frame, self.risk.calibrator(churn.margin), value.margin)
        return said, self._explained(frame, churn, value)

    def _split(self, frame: pd.DataFrame) -> tuple[Contribution, Contribution]:
        start = starts(frame, self.floor)
        churn = self.risk.contributions(start, frame, self.features, self.threads)
        value = self.value.contributions(start, frame, self.features, churn, self.risk.calibrator, self.threads)
        return churn, value

    def _explained(self, frame: pd.DataFrame, churn: Contribution, value: Contribution) -> Explained:
        return Explained(self._named(churn, frame, self.risk.calibrator), self._named(value, frame, np.exp))

    def _named(self, found: Contribution, frame: pd.DataFrame, link: Link) -> Contributions:
        phi = pd.DataFrame(found.phi, index=frame.index, columns=[*self.features, PRIOR])
        return Contributions(found.base, phi, link)

    def to_files(self) -> dict[str, bytes]:
        """Text of the trees and one JSON; the same recipe always gives the same bytes."""
        files = {f"{k}.txt": c.trees.text.encode("utf-8") for k, c in self.parts.items() if c.trees is not None}
        files |= {} if self.moves is None else self.moves.files
        body = {
            "format": FORMAT,
            "rung": self.rung,
            "why": self.why,
            "kind": self.kind,
            "horizon": self.horizon,
            "features": list(self.features),
            "prior": None if self.prior is None else self.prior.to_json(),
            "risk": self.risk.to_json(),
            "value": self.value.to_json(),
            "intervals": self.intervals.to_json(),
            "floor": self.floor,
            "total_error": self.total_error,
            "timing": None if self.timing is None else self.timing.to_json(),
            "moves": None if self.moves is None else self.moves.to_json(),
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
        texts = {name.removesuffix(".txt"): text for name, text in files.items() if name.endswith(".txt")}
        try:
            return cls(
                rung=body["rung"],
                why=body["why"],
                kind=body["kind"],
                horizon=int(body["horizon"]),
                features=tuple(body["features"]),
                prior=prior_from_json(body["prior"]),
                risk=RiskModel.from_json(body["risk"], texts.get("churn"), texts.get("churn_trees")),
                value=ValueBlend.from_json(body["value"], texts),
                intervals=Intervals.from_json(body["intervals"]),
                floor=float(body["floor"]),
                total_error=float(body["total_error"]),
                timing=None if body["timing"] is None else Timing.from_json(body["timing"]),
                moves=None if body["moves"] is None else Moves.from_json(body["moves"], files),
                notes=body["notes"],
                threads=threads,
            )
        except (KeyError, TypeError) as error:
            raise ModelRefused(f"recipe.json: {type(error).__name__} at {error}. Train again.") from None
