"""The three tasks: prepare, (network), finish; the same three steps in each."""
