"""Known lesions in a scan's own measurement: where they go, what they look like, what is left of them."""
