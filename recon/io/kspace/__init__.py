"""k-space files to series of slices, and reconstructed images to files."""
