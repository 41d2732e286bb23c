"""The reader's door: a page in the browser to look, compare and decide."""
