"""How settings of the models do at earlier moments, each time refitted on what was mature then."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from hvc_ml.config import Config
from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.prior_columns import Prior
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.evaluation.choice import mean_gini
from hvc_ml.evaluation.metrics import churn_auc, value_gini
from hvc_ml.features.feature import Feature
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.workflows.fitting import fit_at

KEYS = ["customer_id", "cutoff"]


@dataclass(frozen=True)
class Showing:
    """What settings, refitted at a cutoff, said there, and how well.

    Attributes
    ----------
    figures
        ``churn_auc``, ``value_gini`` and their `mean_gini`.
    said
        ``customer_id, cutoff, churn_risk, future_value`` of every row.
    """

    cutoff: date
    figures: dict[str, float]
    said: pd.DataFrame

    @property
    def score(self) -> float:
        """Higher is better; see `mean_gini`."""
        return self.figures["mean_gini"]


@dataclass(frozen=True)
class Refits:
    """The recipe as it would have stood at earlier cutoffs.

    Parameters
    ----------
    line
        The calendar: what is mature when.
    frames
        Modelling frames of the cutoffs and of those their splits name, labelled.
    priors
        By cutoff.
    features
        The columns to learn from.
    config
        Settings of everything but the models.
    """

    line: Timeline
    frames: Mapping[date, pd.DataFrame]
    priors: Mapping[date, Prior]
    features: tuple[Feature, ...]
    config: Config

    def at(self, cutoff: date, settings: ModelSettings) -> Showing | None:
        """How settings do at a cutoff; None where they do not matter: nothing can be fitted but the prior."""
        rows, config = self.frames[cutoff], self.config.model_copy(update={"model": settings})
        try:
            fitted = fit_at(self.line.split(cutoff), self.frames, self.priors[cutoff], self.features, config)
            said = fitted.recipe.predict(rows)[["churn_risk", "future_value"]]
        except (NotEnoughData, ModelRefused):
            return None
        auc = churn_auc(rows["churned"], said["churn_risk"])
        gini = value_gini(rows["future_value"], said["future_value"])
        figures = {"churn_auc": auc, "value_gini": gini, "mean_gini": float(mean_gini(auc, gini))}
        if fitted.recipe.rung == "prior" or math.isnan(figures["mean_gini"]):
            return None
        return Showing(cutoff, figures, pd.concat([rows[KEYS], said], axis=1))

    def over(self, cutoffs: Sequence[date], settings: ModelSettings) -> Iterator[Showing]:
        """Cutoff after cutoff, as far as they are asked for and can be fitted."""
        shown = (self.at(cutoff, settings) for cutoff in cutoffs)
        return (s for s in itertools.takewhile(lambda s: s is not None, shown) if s is not None)

    def actual(self, cutoffs: Sequence[date]) -> pd.DataFrame:
        """What happened at these cutoffs: ``customer_id, cutoff, churned, future_value``."""
        return pd.concat([self.frames[c] for c in cutoffs], ignore_index=True)[[*KEYS, "churned", "future_value"]]
