"""Made by `make served` of files of recon; do not edit."""
