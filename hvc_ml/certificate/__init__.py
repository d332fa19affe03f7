"""The leakage certificate: what is known at a cutoff, rebuilt after all that is later was changed; no bit may move."""
