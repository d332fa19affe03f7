"""A small search over settings: what may be asked for, and candidates one after the other. Knows no customers."""
