"""Offline reprocessing of archives: what was found, what became of it, and a ledger that survives anything."""
