"""The pages that are made from code: their place below ``docs/``, and who writes them."""

from collections.abc import Callable
from typing import Final

from docs.handbook.columns import columns_page
from docs.handbook.commands import commands_page
from docs.handbook.configs import configs_page
from docs.handbook.features import features_page
from docs.handbook.figures import figures_page
from docs.handbook.settings import settings_page

PAGES: Final[dict[str, Callable[[], str]]] = {
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
    "reference/configs.md": configs_page,
    "reference/columns.md": columns_page,
    "reference/features.md": features_page,
    "reference/figures.md": figures_page,
}
