"""Values with units that travel between the rooms."""
