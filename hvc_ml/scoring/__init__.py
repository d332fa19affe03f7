"""The fitted models and their columns as one artifact."""
