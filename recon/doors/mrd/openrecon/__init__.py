"""The door as a package that OpenRecon scanners install: a label, a manual, and what builds and verifies the image."""
