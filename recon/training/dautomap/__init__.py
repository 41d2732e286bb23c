"""The trainer of dAUTOMAP; its parts lie beside those of AUTOMAP."""
