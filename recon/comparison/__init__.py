"""Two results of one patient: moved onto each other, subtracted, and what is beyond their joint interval."""
