"""Model-serving benchmarks: ratios in one run, the machine described."""
