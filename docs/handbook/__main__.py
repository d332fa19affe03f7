"""Write the pages that are made: ``python -m docs.handbook``, with ``--notebooks`` those of the notebooks, too."""

import sys
from pathlib import Path

from docs.handbook.pages import PAGES

DOCS = Path(__file__).parents[1]


def main(arguments: list[str], docs: Path = DOCS) -> None:
    """Write every page that is made from code, below ``docs``."""
    for name, page in PAGES.items():
        _write(docs / name, page().encode())
    if "--notebooks" in arguments:
        from docs.handbook.notebooks import notebook_pages  # noqa: PLC0415 # runs them: a minute

        for name, content in notebook_pages():
            _write(docs / name, content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
