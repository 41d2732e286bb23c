"""Image reconstruction and dose recovery, served on Triton, with a verdict on every image."""

__version__ = "0.1.0"
