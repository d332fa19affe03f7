"""Side-by-side runs; each prints what it measured, as Markdown."""
