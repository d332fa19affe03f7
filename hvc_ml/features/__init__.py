"""Features: declared, never programmed; they see history only."""
