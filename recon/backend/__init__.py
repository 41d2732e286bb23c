"""The one file that runs inside Triton; export copies it beside the weights."""
