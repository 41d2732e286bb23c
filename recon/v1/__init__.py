"""Generated from proto/recon/v1 by `make proto`; do not edit."""
