"""How good a model is, beside the simple rules."""
