"""From worked lists to what they earned, and what the next list should believe."""
