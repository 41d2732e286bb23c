"""What an image keeps of what radiologists look for: each measure in a file of its own, and a run of all of them."""
