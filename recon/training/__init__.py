"""The model builder's side: simulate, fit, evaluate, export."""
