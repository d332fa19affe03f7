"""Features and labels side by side, one partition per cutoff."""
