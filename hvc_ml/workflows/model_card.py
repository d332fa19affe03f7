"""The model card of a training: what was trained on what, how good it is beside what, for what, and for what not."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.figure import Figure

from hvc_ml import __version__
from hvc_ml.config import Config
from hvc_ml.evaluation.gate import Decision
from hvc_ml.evaluation.slices import Slice
from hvc_ml.report.book_parts import Chart
from hvc_ml.report.card import ModelCard, Part
from hvc_ml.workflows.backtest_record import config_hash
from hvc_ml.workflows.model_card_tables import (
    differences_table,
    families_table,
    figures_table,
    in_words,
    readings_table,
    rows_table,
    slices_table,
    split_table,
)
from hvc_ml.workflows.model_card_words import FORBIDDEN, HOW_TO_READ, INTENDED, LIMITS, PARTS, READINGS
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.trained import Trained

CAPTIONS = {
    "differences": "Model minus rival on the same test customers, with 95 % intervals: right of 0 the model is better.",
    "honesty_panel": "The model beside every simple rule: the longer the bar, the better.",
    "calibration": "Tenths of the customers by risk: on the diagonal, forecast and outcome agree.",
    "gain": "Share of all future value among the customers ranked first.",
    "deciles": "Mean forecast and mean outcome by tenth of the forecast.",
    "shap_churn_risk": "Contributions to churn risk; a dot is a customer, red is a high value of the figure.",
    "shap_value_if_kept": "Contributions to value if kept, on the scale of its logarithm.",
}
"""Figures that a card shows, in this order, and how each is read."""

MOVES = "Share of what the trees gained by the columns of each family; what the prior explains comes before it."

PLACES = {"differences": "beside", "honesty_panel": "beside", "calibration": "good", "gain": "good", "deciles": "good"}
"""Which part of the card a figure belongs to; the others explain the model."""


def model_card(
    shop: Shop, trained: Trained, decision: Decision, slices: Sequence[Slice], figures: Mapping[str, Figure]
) -> ModelCard:
    """Write the card of a training.

    Parameters
    ----------
    shop
        The business: its tables, its time, its settings.
    trained
        What was made and measured.
    decision
        Whether it became champion, and why.
    slices
        How the model does for parts of the customers.
    figures
        By name, as the run keeps them; those of ``CAPTIONS`` are shown.

    Returns
    -------
    ModelCard
        It holds figures of groups, and no customer.
    """
    config, panel = shop.project.config, trained.test.panel
    charts = _charts(figures)
    parts = (
        Part("What it is", _purpose(config), _recipe(trained)),
        Part("Data", (_span(shop),), (), rows_table(shop)),
        Part("Time split", (_split_words(config),), (), split_table(trained)),
        Part("How good it is", (panel.says,), (), figures_table(panel), charts["good"]),
        Part("Beside its rivals", tuple(_rivals(decision)), (), differences_table(decision), charts["beside"]),
        Part("Parts of the customers", tuple(_weak(slices, config.slices.by)), (), slices_table(slices)),
        Part("What moves it", (MOVES,), (), families_table(trained), charts["explains"]),
        Part("Intended use", (), INTENDED),
        Part("Not to be used", (), FORBIDDEN),
        Part("Limits", _graded(trained), LIMITS),
        Part("How to read this card", (), HOW_TO_READ, readings_table()),
        Part("To make it again", (), _again(shop)),
    )
    title = f"{config.name}, {shop.now.isoformat()}"
    return ModelCard(title, decision.promoted, decision.reason, tuple(p for p in parts if _holds(p)))


def _charts(figures: Mapping[str, Figure]) -> dict[str, tuple[Chart, ...]]:
    found: dict[str, list[Chart]] = {"good": [], "beside": [], "explains": []}
    for name, says in CAPTIONS.items():
        if name in figures:
            found[PLACES.get(name, "explains")].append(Chart(in_words(name), figures[name], says))
    return {part: tuple(charts) for part, charts in found.items()}


def _purpose(config: Config) -> tuple[str, ...]:
    labels = config.labels
    leaving = "no order within the horizon" if labels.churn == "no_order" else "a contract that ends and is not renewed"
    who = config.population.active_within
    active = {"all": "ever bought", "auto": "bought not unusually long ago"}
    return (
        (
            f"For each customer: the risk of leaving within {labels.horizon} days, the value if kept over those days "
            f"in {config.currency}, the future value with its {config.model.coverage:.0%} interval, and what they are "
            "linked with."
        ),
        f"Leaving is {leaving}. Customers are those who {active.get(str(who), f'bought within {who} days')}.",
    )


def _recipe(trained: Trained) -> tuple[str, ...]:
    recipe = trained.production.recipe
    rounds = recipe.notes.get("rounds", {})
    members = ", ".join(f"{in_words(name)} {n}" for name, n in sorted(rounds.items()))
    return (
        f"Rung {recipe.rung}: {recipe.why}.",
        (
            f"{len(recipe.features)} features of {len({f.family for f in trained.features})} families, and a "
            "prior (when and how much such customers buy) that every correction starts from."
        ),
        *((f"Rounds of boosting: {members}.",) if members else ()),
        *((f"Settings: {trained.search.reason}.",) if trained.search.asked else ()),
    )


def _span(shop: Shop) -> str:
    return f"Orders from {shop.timeline.first} to {shop.timeline.end}; every row is counted, none dropped in silence."


def _split_words(config: Config) -> str:
    return (
        "Rows are customers at cutoffs. Features see only what lies before a cutoff, labels only what lies from it on; "
        f"a cutoff is learned from once its horizon and {config.labels.settle} days of settling are over. No random "
        "split. At each test cutoff the recipe was fitted anew on what was mature by then; what scores today is fitted "
        "on everything that is mature now, the test cutoffs included."
    )


def _rivals(decision: Decision) -> Iterator[str]:
    if "against_champion" not in decision.details:
        yield "There was no champion to compare with; what counted was signal, and the best simple rule."
    for name, rail in decision.details.get("guardrails", {}).items():
        ours, theirs = (rail[who] for who in ("challenger", "champion"))
        if ours is not None and theirs is not None:
            aim = decision.details["nominal_coverage"] if name == "interval_coverage" else 0
            off = f"may be off {aim} by {rail['bound']}"
            yield f"Guardrail {READINGS[name].name}: {ours:.3f} (champion {theirs:.3f}; {off})."


def _weak(slices: Sequence[Slice], by: Sequence[str]) -> Iterator[str]:
    """How parts are read, where a rule is better, and what was too small to measure."""
    yield PARTS
    if by:
        names = ", ".join(by)
        yield f"Parts by {names} are numbered by size, the largest first; the book names them. Small ones are left out."
    worse = [f"{s.by} {s.name} ({in_words(s.best_baseline)})" for s in slices if s.worse]
    if worse:
        yield f"A simple rule is better beyond chance for: {', '.join(worse)}."
    yield from (f"Less is known of {s.by} {s.name}: {s.says}." for s in slices if s.says)


def _graded(trained: Trained) -> tuple[str, ...]:
    grade = trained.grade
    lift = (f"To do better: {grade.lift}",) if grade.lift else ()
    return (f"Grade {grade.letter}: {grade.reason}", *lift)


def _again(shop: Shop) -> tuple[str, ...]:
    config = shop.project.config
    return (
        f"hvc-ml {__version__}, seed {config.model.seed}; the same data and settings give the same model.",
        f"SHA-256 of the settings: {config_hash(config)}",
        f"SHA-256 of the sources: {shop.sources_hash}",
    )


def _holds(part: Part) -> bool:
    return bool(part.says or part.points or part.charts or part.table is not None)
