"""Who is high-value: tiers and concentration."""
