"""A business that looks at parts of its customers, and parts as a test would have measured them."""

import math

from hvc_ml.evaluation.bootstrap import Estimate
from hvc_ml.evaluation.slices import MEASURED, Slice

CONFIG = """
name: shop
source: {{kind: files, paths: {{orders: o.csv, customers: c.csv}}}}
tables:
  orders: {{columns: {{customer_id: c, ordered_at: d, amount: a}}}}
  customers: {{columns: {{customer_id: c, gender: g}}}}
slices: {{by: [{by}]}}
"""


def part(by, name, *, risk=0.3, left=0.25, auc=0.8, chosen=0.2, reached=0.3, cutoffs=("2025-09-01",)):
    figures = dict.fromkeys(MEASURED, Estimate(math.nan, math.nan, math.nan))
    figures |= {"churn_bias": Estimate(-0.1, risk - left, 0.1), "churn_auc": Estimate(auc, auc, auc)}
    return Slice(by, name, 500, 400, cutoffs, left, chosen, reached, figures)
