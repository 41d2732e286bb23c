"""The scanner's door: raw data in and images out in the ISMRM raw data format, version 1 over TCP."""
