"""The configuration of the made-up business: one commented YAML, complete."""

from typing import Final

from hvc_ml.tables.demo.actions import RETAIL_ACTIONS, SUBSCRIPTION_ACTIONS, DemoAction
from hvc_ml.tables.demo.settings import DemoSettings

_RETAIL: Final = """\
# A made-up shop whose truth is known (truth/*.parquet). Made by `hvc-ml demo`; change anything and run again.
name: demo-retail
timezone: Europe/Berlin # its midnights are the cutoffs
currency: EUR

source:
  kind: files
  paths: # relative to this file
    orders: data/orders.parquet
    customers: data/customers.parquet
    events: data/events.parquet

tables: # our name: your column
  orders: # one row per line item; refunds are negative rows on a later day
    columns:
      order_id: order_id
      customer_id: customer_id
      ordered_at: ordered_at
      amount: amount # what was paid, after the discount
      discount: discount
      # cost: cost # where costs are mapped, values are margins; the truth is written for sales
      category: category
      product_id: product_id
      channel: channel
      quantity: quantity
    refunds: net
  customers:
    columns:
      customer_id: customer_id
      known_at: signed_up_at # nothing was known of a customer before
      profession: profession
      region: region
      signup_channel: signup_channel
      loyalty_member: loyalty_member
      gender: gender # protected: no feature unless features.protected_allowed names it
  events:
    columns:
      customer_id: customer_id
      happened_at: happened_at
      kind: kind
      value: value # points, or the answer (0-10) of a survey

labels:
  horizon: {horizon} # days
  churn: no_order
  settle: 14 # refunds come within four weeks

calendar:
  every: month
  cutoffs: 12
  tests: 1 # each further one is a refit

features:
  kinds: # what the events mean
    visit: [visit]
    mail: [email_open]
    service: [ticket, complaint]
    complaint: [complaint]
    earned: [points_earned]
    redeemed: [points_redeemed]
    referral: [referral]
    survey: [nps]

tiers: # cumulative shares of the last 12 months' value
  - {{name: Priority, share: 0.5}}
  - {{name: Gold, share: 0.8}}
  - {{name: Mass, share: 1.0}}

profile: # what `hvc-ml profile` tells of the high-value customers
  by: [region] # held against the company average, beside the tiers
  serve: {{ticket: 6, complaint: 15}} # what one event of a kind costs
  referral: 40 # what a referred customer is worth

model:
  seed: {seed}

playbook:
  actions:
{actions}
list:
  holdout: 0.1 # left alone on purpose, to measure what contacting does
  formats: [csv, parquet, xlsx]
"""

_SUBSCRIPTION: Final = """\
# A made-up club with monthly contracts, whose truth is known (truth/*.parquet). Made by
# `hvc-ml demo --kind subscription`; change anything and run again.
name: demo-subscription
timezone: Europe/Berlin # its midnights are the cutoffs
currency: EUR

source:
  kind: files
  paths: # relative to this file
    orders: data/orders.parquet
    customers: data/customers.parquet
    events: data/events.parquet
    contracts: data/contracts.parquet

tables: # our name: your column
  orders: # monthly invoices, one-off extras, refunds as negative rows
    columns:
      order_id: order_id
      customer_id: customer_id
      ordered_at: ordered_at
      amount: amount # what was paid, after the discount
      discount: discount
      category: category
    refunds: net
  customers:
    columns:
      customer_id: customer_id
      known_at: signed_up_at # nothing was known of a customer before
      profession: profession
      region: region
      signup_channel: signup_channel
  events:
    columns:
      customer_id: customer_id
      happened_at: happened_at
      kind: kind
      value: value # the answer (0-10) of a survey
  contracts: # a change of plan ends one contract and starts the next on the same day
    columns:
      customer_id: customer_id
      started_at: started_at
      ended_at: ended_at # empty while it runs
      plan: plan
      price: price # a month

labels:
  horizon: {horizon} # days
  churn: contract_end
  grace: 14 # a contract taken up again within two weeks was not left
  settle: 14

calendar:
  every: month
  cutoffs: 12
  tests: 1 # each further one is a refit

features:
  kinds: # what the events mean
    visit: [visit, feature_use]
    service: [ticket, complaint, payment_failed]
    complaint: [complaint]
    referral: [referral]
    survey: [nps]

tiers: # cumulative shares of the last 12 months' value
  - {{name: Priority, share: 0.5}}
  - {{name: Gold, share: 0.8}}
  - {{name: Mass, share: 1.0}}

profile: # what `hvc-ml profile` tells of the high-value customers
  by: [region] # held against the company average, beside the tiers
  serve: {{ticket: 6, complaint: 15}} # what one event of a kind costs
  referral: 40 # what a referred customer is worth

model:
  seed: {seed}

playbook:
  actions:
{actions}
list:
  holdout: 0.1 # left alone on purpose, to measure what contacting does
  formats: [csv, parquet, xlsx]
"""


def demo_config(settings: DemoSettings) -> str:
    """The text of ``hvc.yaml`` for a made-up business, to stand beside its folder ``data``.

    Parameters
    ----------
    settings
        As given to ``write_demo``; the horizon and the seed are written into the file.

    Returns
    -------
    str
        YAML. Its playbook names the actions of ``truth/actions.parquet``, at their true costs and with a prior around
        their true mean save rate.

    Examples
    --------
    >>> import yaml
    >>> config = yaml.safe_load(demo_config(DemoSettings(kind="subscription")))
    >>> config["labels"]["churn"], [action["name"] for action in config["playbook"]["actions"]]
    ('contract_end', ['onboarding mail', 'discount', 'personal call'])
    """
    text, actions = (_RETAIL, RETAIL_ACTIONS) if settings.kind == "retail" else (_SUBSCRIPTION, SUBSCRIPTION_ACTIONS)
    return text.format(horizon=settings.horizon, seed=settings.seed % 2**31, actions="".join(map(_action, actions)))


def _action(action: DemoAction) -> str:
    lines = [
        f"- name: {action.name}",
        f"  contact_cost: {action.contact:g}",
        *([f"  offer_cost: {action.offer:g}", f"  take_up: {action.take_up:g}"] if action.offer else []),
        f"  save_rate_prior: [{action.prior[0]:g}, {action.prior[1]:g}]",
        *([f"  tiers: [{', '.join(action.tiers)}]"] if action.tiers else []),
        f"  lead_time: {action.lead_time}",
        f"  channel: {action.channel}",
        "  says:",
        *(f"    - {line}" for line in action.says),
    ]
    return "".join(f"    {line}\n" for line in lines)
