"""Cutoffs, and the only two doors in time: history and future."""
