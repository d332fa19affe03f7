"""Sources, mapping and checks: from your files to canonical tables."""
