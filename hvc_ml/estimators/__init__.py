"""The models: prior, churn, value if kept, intervals, baselines."""
