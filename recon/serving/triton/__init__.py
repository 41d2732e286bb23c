"""The Triton behind the gateway: its process, its memory, its models, and calls to them."""
