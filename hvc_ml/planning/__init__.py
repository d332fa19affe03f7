"""From risk and value to a plan: actions, gains, budget, holdout."""
