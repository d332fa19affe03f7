"""Lists that are older than the config keeps them: removed, but for those that something still needs."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from hvc_ml.publish.directory import remove_directory
from hvc_ml.publish.sweep import sweep
from hvc_ml.workflows.contacts import contacts
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.shop import Shop


def remove_old_lists(shop: Shop, newest: Path) -> tuple[str, ...]:
    """Remove lists whose cutoff lies more than ``list.keep_days`` days before the midnight after the newest order.

    The newest list stays, and every list that was worked: what campaigns teach is counted anew from all of them.

    Parameters
    ----------
    newest
        The list that was just published.

    Returns
    -------
    tuple of str
        Names of the folders that were removed, the oldest cutoff first.

    Raises
    ------
    OutputError
        If one cannot be removed. The newest list is published all the same.
    """
    project = shop.project
    days = project.config.list.keep_days
    if days is None:
        return ()
    sweep(project.lists)  # a run that died while it removed one
    oldest = shop.now - timedelta(days=days)
    spent = [p for p in past_lists(project) if p.cutoff < oldest and p.name != newest.name]
    needed = set(contacts(project, shop)["list"]) if spent else set()
    removed = [p for p in spent if p.name not in needed]
    for past in removed:
        remove_directory(past.folder)
    return tuple(past.name for past in removed)


def removed_in_words(removed: Sequence[str], days: int | None) -> str:
    """What became of old lists; empty where nothing did.

    Examples
    --------
    >>> removed_in_words(["2024-01-01_f9ccd6e3"], 365)
    '1 list older than 365 days was removed (list.keep_days).'
    >>> removed_in_words([], None)
    ''
    """
    if not removed:
        return ""
    many = len(removed) > 1
    which = f"{len(removed):,} list{'s' * many} older than {days} days"
    return f"{which} {'were' if many else 'was'} removed (list.keep_days)."
