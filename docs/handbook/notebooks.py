"""Notebooks as pages: run from the first cell to the last, with what they print and draw."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

from docs.handbook.markdown import MADE, fenced

FOLDER: Final = Path(__file__).parents[2] / "notebooks"
TIMEOUT: Final = 600
"""Seconds that one cell may take."""


def notebook_pages(folder: Path = FOLDER) -> Iterator[tuple[str, bytes]]:
    """Run every notebook and yield its page and pictures: place below ``docs/``, and content."""
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # ships no types
        NotebookClient(notebook, timeout=TIMEOUT, resources={"metadata": {"path": str(folder)}}).execute()
        yield from rendered(path.stem, notebook)


def rendered(name: str, notebook: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the page of a notebook that has run, and its pictures."""
    parts, pictures = [], 0
    for cell in notebook.cells:
        parts.append(cell.source if cell.cell_type == "markdown" else fenced(cell.source, "python"))
        for output in cell.get("outputs", ()):
            picture = output.get("data", {}).get("image/png")
            if picture:
                pictures += 1
                place = f"{name}-{pictures}.png"
                yield f"notebooks/{place}", base64.b64decode(picture)
                parts.append(f"![{_title(parts)}]({place})")
            elif text := _text(output):
                parts.append(fenced(text))
    yield f"notebooks/{name}.md", (MADE + "\n" + "\n\n".join(parts) + "\n").encode()


def _text(output: Any) -> str:
    """What a cell printed on standard output, or how its value is written."""
    said = output.get("data", {}).get("text/plain", "")
    if output.output_type == "stream" and output.name == "stdout":
        said = output.text
    return "\n".join(line.rstrip() for line in said.strip("\n").splitlines())


def _title(parts: list[str]) -> str:
    """The heading that a picture stands under: its alternative text."""
    heads = [
        line.lstrip("# ") for part in parts for line in part.splitlines() if line.startswith("#") and "```" not in part
    ]
    return heads[-1] if heads else "A chart"
