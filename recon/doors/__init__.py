"""Where the product meets scanners, hospitals and readers; each door in a folder of its own."""
