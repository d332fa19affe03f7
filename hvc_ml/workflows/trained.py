"""What a training has made, before it is registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hvc_ml.certificate.receipt import Certificate
from hvc_ml.dataset.store import Partition
from hvc_ml.evaluation.grade import Grade
from hvc_ml.features.feature import Feature
from hvc_ml.workflows.backtest import Backtest
from hvc_ml.workflows.fitting import Fitted
from hvc_ml.workflows.sampling import Sample
from hvc_ml.workflows.searched import Search


@dataclass(frozen=True)
class Trained:
    """Everything a training has made.

    Attributes
    ----------
    production
        The recipe that will score, fitted at the present.
    test
        The same recipe at past moments, and how it did.
    partitions
        The panel by cutoff.
    features
        What the panel holds.
    grade
        How much this history can prove.
    search
        How the models' settings were chosen.
    certificate
        That nothing in the panel depends on what came later; without it there is nothing to register.
    sample
        Which customers the models learned from.
    """

    production: Fitted
    test: Backtest
    partitions: Mapping[date, Partition]
    features: tuple[Feature, ...]
    grade: Grade
    search: Search
    certificate: Certificate
    sample: Sample

    @property
    def newest(self) -> date:
        """The newest test cutoff."""
        return max(self.test.fitted)
