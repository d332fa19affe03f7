"""Example configurations: the two complete ones, as they lie in ``configs/``."""

from pathlib import Path
from typing import Final

from docs.handbook.markdown import fenced, page

FOLDER: Final = Path(__file__).parents[2] / "configs"
SHOWN: Final = {"retail.yaml": "A shop", "subscription.yaml": "A business with contracts"}


def configs_page() -> str:
    """Both configurations, comments and all."""
    intro = (
        "One YAML is one business, complete: nothing is merged from elsewhere. The first of these explains every key; "
        "the [settings](settings.md) list them with defaults and limits."
    )
    parts = [
        f"## {title}\n\n`configs/{name}`\n\n{fenced((FOLDER / name).read_text(encoding='utf-8'), 'yaml')}"
        for name, title in SHOWN.items()
    ]
    return page("Example configurations", intro, *parts)
