"""What was tried and what came of it: MLflow's only door."""
