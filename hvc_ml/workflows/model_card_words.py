"""What every model card says, whatever the business: how figures are read, what the model is for, what it is not."""

from typing import Final, NamedTuple


class Reading(NamedTuple):
    """How a figure is read: its name, which way is good, and what it means."""

    name: str
    good: str
    means: str


READINGS: Final[dict[str, Reading]] = {
    "churn_auc": Reading("churn AUC", "higher", "chance that a leaver has a higher risk than a stayer; 0.5 is chance"),
    "churn_brier_skill": Reading("Brier skill", "higher", "share of the squared error of a flat churn rate removed"),
    "churn_ece": Reading("calibration error", "lower", "mean distance of forecast and actual churn rate, in tenths"),
    "churn_calibration_slope": Reading("calibration slope", "1", "below 1 risks are too extreme, above 1 too timid"),
    "value_gini": Reading("Gini of value", "higher", "order of customers by value; 0 is chance, 1 perfect"),
    "value_captured_20": Reading("value in the top 20 %", "higher", "share of all value that its first 20 % bring"),
    "value_spearman": Reading("rank correlation of value", "higher", "over all customers; 1 is the same order"),
    "value_bias": Reading("bias of total value", "0", "total forecast over total outcome, minus 1"),
    "interval_coverage": Reading("interval coverage", "as set", "share of outcomes inside their interval"),
    "profit_at_capacity": Reading("profit at capacity", "higher", "money per customer that a worked list would earn"),
    "empc": Reading("EMPC", "higher", "expected maximum profit per customer, the save rate being uncertain"),
}

INTENDED: Final = (
    "To order customers by the money that leaving would cost, and to choose whom a team contacts within its budget.",
    "To tell a team with which of a customer's figures the value at risk is linked, and how sure the forecast is.",
    "To set out with an estimate of what a campaign may earn, before its holdout shows what it did earn.",
    "It supports a decision and does not take it: people read the list, and may leave anyone out.",
)

FORBIDDEN: Final = (
    "To decide about credit, insurance, employment, housing, or access to a service.",
    "To set anyone's price, or to treat a customer worse for a low value or a high risk.",
    "To infer traits of persons (health, origin, belief): it was never tested for them, and may not be used so.",
    "As proof of what causes leaving: contributions are links, and changing a figure need not change a customer.",
    "To claim what contacting earned: only the holdout of a campaign shows that.",
    "For another business, another horizon or another meaning of leaving: scoring refuses a changed question.",
)

LIMITS: Final = (
    "Only customers with an order (or contract) recent enough are scored; the dormant are another task.",
    "It knows the past of this business only: a new market, a price change or a crisis shows first as drift.",
    "A customer's interval is wide by nature: most of what one person buys next is not in the data.",
    "Test cutoffs overlap in customers; intervals draw customers, not rows, and know nothing of years unlike these.",
    "Money is in the currency of the orders over the horizon, at the margin set in the configuration.",
)

PARTS: Final = (
    "Churn rate and mean risk should agree in every part (calibration within groups). Selected is the share of a part "
    "among the fifth with the highest value at risk (its selection rate), leavers selected the same share of those "
    "who left (equal opportunity asks for it to be alike; Hardt et al. 2016). Where parts leave at different rates, no "
    "forecast but a perfect one is calibrated in each and gives the leavers of each, and the stayers of each, the same "
    "mean risk (Kleinberg et al. 2016). Nothing here is a pass or a fail: a person decides."
)

HOW_TO_READ: Final = (
    (
        "Every figure is of customers and days that the model had not seen: it was refitted at each test cutoff on "
        "what was known then, and held against what came."
    ),
    (
        "Brackets are 95 % intervals: customers were drawn again many times. Where two intervals overlap, read the "
        "difference instead, which is measured on the same customers."
    ),
    "The simple rules are what a spreadsheet would do. A model that is worse than the best of them is not promoted.",
    (
        "Churn risk is a probability: of a hundred customers at 0.30, thirty leave. Value at risk is risk times value "
        "if kept."
    ),
)
