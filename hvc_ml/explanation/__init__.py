"""Reasons: contributions, in money, in words."""
