"""The declared algebra's second executor: one walk per customer over compact sorted rows, compiled by Numba."""
