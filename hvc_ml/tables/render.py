"""A proposal written down: a complete, commented configuration."""

import os
import re
from pathlib import Path

from hvc_ml.tables.propose import Choice, Proposal, TableProposal

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

_REST = """\
# Everything below has a sensible default; change what does not fit the business.
population:
  active_within: auto         # a customer bought within so many days; auto learns how many from the orders; or all

labels:
  horizon: 90                 # days ahead that churn and value look
  churn: no_order             # no_order: nothing bought in the horizon; contract_end: a contract ended
  settle: 14                  # days until refunds and late rows are in
  margin: 1.0                 # share of the amount that is profit; 1.0 counts revenue

calendar:
  every: month                # spacing of the past moments the model learns from, or a number of days
  cutoffs: 12                 # at most so many to learn from
  tests: 3                    # and so many to test on, later in time
  min_history: 30             # days of orders before the first

tiers:                        # cumulative shares of 12-month value, best customers first
  - {name: Priority, share: 0.5}
  - {name: Gold, share: 0.8}
  - {name: Mass, share: 1.0}

list:
  top: null                   # at most so many customers
  budget: null                # at most so much money for actions
  holdout: 0.1                # share left alone on purpose, to measure what the list brings
  formats: [csv, parquet, xlsx]

resources:
  memory: 4GB
  threads: null               # null: every core
"""


def render(proposal: Proposal, *, name: str, base: Path) -> str:
    """Write a proposal as the text of ``hvc.yaml``.

    Parameters
    ----------
    name
        Of the business; also the name of the experiment and the model.
    base
        Folder that the file will lie in; paths are written relative to it.

    Returns
    -------
    str
        YAML with a reason beside every choice; lines to check again say ``CHECK``.
    """
    lines = [
        "# Proposed from the files themselves. Every line says why; please check those that say CHECK.",
        f"name: {_scalar(name)}",
        "timezone: UTC                 # CHECK: the business's own, such as Europe/Berlin; days begin at its midnight",
        f"currency: {proposal.currency or 'EUR':<19} # {'of most orders' if proposal.currency else 'CHECK'}",
        "",
        "source:",
        "  kind: files",
        "  paths:                      # relative to this file; a file, a folder or a pattern",
        *(
            f"    {t.table}: {_scalar(Path(os.path.relpath(t.path.resolve(), base.resolve())).as_posix())}"
            for t in proposal.tables
        ),
        "",
        "tables:",
    ]
    for table in proposal.tables:
        lines += _table(table)
    return "\n".join(lines) + "\n\n" + _REST


def _table(table: TableProposal) -> list[str]:
    return [
        f"  {table.table}:",
        *(f"    # {_comment(note)}" for note in table.notes),
        "    columns:",
        *(f"      {_line(c)}" for c in table.columns),
        *(f"    {_line(c)}" for c in table.settings),
    ]


def _line(choice: Choice) -> str:
    if isinstance(choice.value, bool):
        value = "true" if choice.value else "false"
    elif isinstance(choice.value, tuple):
        value = f"[{', '.join(_scalar(v) for v in choice.value)}]"
    else:
        value = _scalar(choice.value)
    written = f"{_scalar(choice.key)}: {value}"
    return f"{written:<40}  # {'' if choice.sure else 'CHECK: '}{_comment(choice.why)}"


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _scalar(text: str) -> str:
    """Write a text so that YAML reads the same text: plain where that is safe, else between double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
