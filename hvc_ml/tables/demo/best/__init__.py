"""What can be known of a made-up business's customers from its log, by one who knows the population's laws."""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from hvc_ml.tables.demo.best.club import best_of_club
from hvc_ml.tables.demo.best.shop import best_of_shop
from hvc_ml.tables.demo.season import make_season
from hvc_ml.tables.demo.settings import DemoSettings, epoch_day

DRAWS: Final = 256
"""Possible customers weighed for each one; twice as many change the AUC by less than .001."""

__all__ = ["DRAWS", "best_outlook"]


def best_outlook(
    folder: Path, settings: DemoSettings, cutoff: date, customers: Collection[str] = (), *, draws: int = DRAWS
) -> Any:
    """The best risk and value that anyone could tell from a made-up business's log: the bound for a model.

    Of the parameters of a customer nothing is known but what the log shows: all that could have made this log are
    weighed by Bayes' rule, with the population's laws as the prior, and their prospects are averaged. So it stands
    below the onlooker of ``truth/outlook.parquet``, who knows each customer's own parameters. Only the folder ``data``
    is read, and only what was known at the cutoff. Referrals and what was bought are not used; they tell next to
    nothing. Customers are worked out in parts, so that memory stays small; 1,000 take about four seconds.

    Parameters
    ----------
    folder
        As given to ``write_demo``.
    settings
        As given to ``write_demo``; only the kind, the span and the horizon matter.
    cutoff
        The day of the outlook; nothing on it or later is seen.
    customers
        Ids of those asked for; everyone who ordered before the cutoff where empty.
    draws
        How many possible customers are weighed for each. More is closer to the truth and takes longer.

    Returns
    -------
    pyarrow.Table
        ``customer_id`` (ascending), ``churn_risk_best``, ``future_value_best``, ``value_if_kept_best``: as the columns
        ``_seen`` of the truth.

    Examples
    --------
    >>> import tempfile
    >>> from hvc_ml.tables.demo import write_demo
    >>> settings = DemoSettings(customers=20, years=1, cutoffs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_demo(Path(folder), settings)
    ...     best = best_outlook(Path(folder), settings, settings.end, draws=8)
    >>> best.num_rows, best.column_names[1:]
    (20, ['churn_risk_best', 'future_value_best', 'value_if_kept_best'])
    """
    day, asked = epoch_day(cutoff), frozenset(customers)
    if settings.kind == "retail":
        season = make_season(settings.start, settings.end, settings.horizon + 1)
        found = best_of_shop(folder / "data", season, day, settings.horizon, asked, draws)
    else:
        found = best_of_club(folder / "data", day, settings.horizon, asked, draws)
    return pa.table(
        {
            "customer_id": found.ids,
            "churn_risk_best": found.churn_risk,
            "future_value_best": found.future_value,
            "value_if_kept_best": found.value_if_kept,
        }
    )
