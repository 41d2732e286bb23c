"""ISMRMRD: scans as a header and acquisitions, from a file or a stream, and the series that they make."""
