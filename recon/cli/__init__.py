"""The ``recon`` command."""
