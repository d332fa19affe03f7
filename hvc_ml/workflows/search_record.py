"""What MLflow keeps of a search over settings: a child run per candidate; the choice in its parent."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from hvc_ml.report.search_chart import search_chart
from hvc_ml.tracking.run import Run
from hvc_ml.workflows.searched import Candidate, Search


def search_params(search: Search) -> dict[str, Any]:
    """The settings that were chosen, and, where there was a search, what it had to choose by."""
    asked = {"search_trials": search.asked, "validation_cutoffs": tuple(sorted(search.cutoffs))}
    return {**search.settings.model_dump(mode="json"), **(asked if search.asked else {})}


def record_search(run: Run, search: Search) -> None:
    """Record the search in its training's run; nothing where none was asked for."""
    if not search.asked:
        return
    run.tags({"search_chosen": search.chosen, "search_reason": search.reason})
    run.document("search.json", search.as_json())
    if not search.candidates:
        return
    gain = search.best.choice.difference if search.best else None
    counts = {"trials": len(search.candidates), "pruned": search.pruned, "seconds": search.seconds}
    run.metrics({"search": {**counts, "gain": gain and gain.mid}})
    run.table("search", _table(search))
    run.figure("search", _chart(search))
    for candidate in search.candidates:
        _child(run, search, candidate)


def _child(run: Run, search: Search, candidate: Candidate) -> None:
    """One candidate: its settings, and its figures, one step per validation cutoff, oldest first."""
    chosen = candidate.number == search.chosen
    tags = {"search_trial": f"{candidate.number:02d}", "search_state": _state(candidate), "search_chosen": chosen}
    with run.child(candidate.name, tags) as child:
        child.params(candidate.settings)
        for step, cutoff in enumerate(sorted(search.cutoffs)):
            child.metrics(candidate.figures.get(cutoff, {}), step=step)
        found = {"mean_gini": candidate.score, "gain": candidate.gain, "seconds": candidate.seconds or None}
        child.metrics({"search": found})


def _state(candidate: Candidate) -> str:
    return "pruned" if candidate.pruned else "complete"


def _table(search: Search) -> pd.DataFrame:
    rows = [
        {"trial": c.number, "state": _state(c), "gain": c.gain, "mean_gini": c.score, **c.settings}
        for c in search.candidates
    ]
    return pd.DataFrame(rows).sort_values(["gain", "trial"], ascending=[False, True], ignore_index=True)


def _chart(search: Search) -> Figure:
    gains, pruned = [c.gain for c in search.candidates], [c.pruned for c in search.candidates]
    best = None
    if search.best:
        gain = search.best.choice.difference
        best = search.best.candidate.number, gain.low, gain.high
    return search_chart(gains, pruned, metric="mean Gini", best=best, chosen=search.chosen)
