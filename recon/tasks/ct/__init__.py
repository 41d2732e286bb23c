"""Low-dose CT: slices in HU come back without most of their noise."""
