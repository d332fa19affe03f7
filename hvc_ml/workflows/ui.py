"""Start the MLflow UI on the project's own store."""

import subprocess
from dataclasses import dataclass
from typing import Any

from hvc_ml.config import Project
from hvc_ml.tracking.store import open_store
from hvc_ml.tracking.ui import Page, ui_command


@dataclass(frozen=True)
class Server:
    """A server that is not started yet."""

    page: Page

    def as_json(self) -> dict[str, Any]:
        """What may be shown: the environment may hold a secret."""
        return {"command": list(self.page.argv), "page": self.page.url}

    def run(self) -> None:
        """Serve until interrupted; nothing where a server runs already."""
        if self.page.argv:
            subprocess.run(self.page.argv, env=self.page.env, check=False)  # noqa: S603 # our own words


def ui(project: Project, *, port: int) -> Server:
    """What starts the UI, and the page to open."""
    config = project.config
    return Server(ui_command(open_store(config.tracking, project.folder, config.name), port=port))
