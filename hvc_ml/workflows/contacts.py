"""Who was contacted, when and with what: imported contacts, and the mapped table of touches."""

from typing import Final

import pandas as pd

from hvc_ml.config import Project
from hvc_ml.errors import DataError
from hvc_ml.publish import MANIFEST, verify_directory
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.past_lists import PastList, ids_of, past_lists
from hvc_ml.workflows.shop import Shop

CONTACTS: Final = "contacts.parquet"
COLUMNS: Final = (CUSTOMER, "touched_at", "action", "list")
LEFT_ALONE: Final = ("holdout", "control")
"""Words in the touches' ``group`` that mean: nobody contacted this customer."""


def contacts(project: Project, shop: Shop) -> pd.DataFrame:
    """Every contact that is known.

    Parameters
    ----------
    project
        Its imported contacts and its lists.
    shop
        Its touches, where the table is mapped.

    Returns
    -------
    DataFrame
        ``customer_id`` (text), ``touched_at`` (datetime64, the midnight of the day), ``action`` (text) and ``list``:
        the name of the list's folder, or empty for touches that belong to no list. Sorted by all four. A touch belongs
        to the newest list whose horizon holds its day and on which its customer stands; of several lists of one
        cutoff, only to the one that explains most touches.

    Raises
    ------
    DataError
        If imported contacts or a list were changed since they were written.
    """
    found = [imported(project, past) for past in past_lists(project) if has_import(project, past)]
    if shop.tables.touches is not None:
        found.append(_assigned(_touches(shop), past_lists(project)))
    rows = pd.concat([_none(), *found], ignore_index=True)[list(COLUMNS)]
    return rows.drop_duplicates().sort_values(list(COLUMNS), ignore_index=True)


def has_import(project: Project, past: PastList) -> bool:
    """Whether contacts of a list were imported."""
    return (project.campaigns / past.name / MANIFEST).is_file()


def imported(project: Project, past: PastList) -> pd.DataFrame:
    """The imported contacts of a list: ``customer_id, touched_at`` (datetime64), ``action, outcome, list``.

    Raises
    ------
    DataError
        If the file was changed since it was written.
    """
    folder = project.campaigns / past.name
    verify_directory(folder, error=DataError)
    rows = pd.read_parquet(folder / CONTACTS)
    return rows.assign(touched_at=pd.to_datetime(rows["touched_at"]).astype("datetime64[s]"), list=past.name)


def _none() -> pd.DataFrame:
    texts = pd.DataFrame({name: pd.Series([], dtype=str) for name in COLUMNS})
    return texts.assign(touched_at=pd.Series([], dtype="datetime64[s]"))


def _touches(shop: Shop) -> pd.DataFrame:
    """The mapped touches that were contacts."""
    rows: pd.DataFrame = shop.engine.arrow(shop.tables.touches).to_pandas()  # type: ignore[arg-type] # asked before
    if "group" in rows:
        rows = rows[~rows["group"].astype("string").str.strip().str.lower().isin(LEFT_ALONE)]
    days = pd.to_datetime(rows["day"], unit="D").astype("datetime64[s]")
    return pd.DataFrame({CUSTOMER: rows[CUSTOMER], "touched_at": days, "action": rows["action"]}).reset_index(drop=True)


def _assigned(touches: pd.DataFrame, lists: tuple[PastList, ...]) -> pd.DataFrame:
    """Touches with the list that each belongs to, or an empty text."""
    pairs = touches.assign(touch=range(len(touches))).merge(ids_of(lists), on=CUSTOMER)
    pairs = pairs[(pairs["cutoff"] <= pairs["touched_at"]) & (pairs["touched_at"] < pairs["end"])]
    pairs = pairs[pairs["list"].isin(_of_each_cutoff(pairs))]
    newest = pairs.sort_values(["touch", "cutoff"]).drop_duplicates("touch", keep="last").set_index("touch")["list"]
    return touches.assign(list=newest.reindex(range(len(touches))).fillna("").to_numpy(dtype=object)).astype(
        {"list": str}
    )


def _of_each_cutoff(pairs: pd.DataFrame) -> set[str]:
    """For each cutoff the list that explains most touches, action and all; the last by name of equals."""
    agree = (pairs["action"] == pairs["listed_action"]).astype(int)
    counts = pairs.assign(agree=agree).groupby(["cutoff", "list"])[["agree"]].sum().reset_index()
    ranked = counts.sort_values(["cutoff", "agree", "list"])
    return set(ranked.drop_duplicates("cutoff", keep="last")["list"])
