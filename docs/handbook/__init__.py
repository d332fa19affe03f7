"""What keeps ``docs/`` true: reference pages made from the code, formulas without a script.

``python -m docs.handbook`` writes ``docs/reference/``; a test fails while a page differs from what the code says.
"""
