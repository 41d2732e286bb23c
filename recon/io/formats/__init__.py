"""The formats that scans come in, one file each; command, batch and doors ask them alike.

A format is a module of this folder, or one that a site's own distribution names under the entry point
``recon.formats``. It has what :class:`recon.io.formats.format.Format` lists.
"""

from recon.io.formats.format import Content, Format, LeftOut, Look, Opened, OpenedKSpace, OpenedSlices, OpenedVolume
from recon.io.formats.registry import formats, look_into, open_files, recognise

__all__ = [
    "Content",
    "Format",
    "LeftOut",
    "Look",
    "Opened",
    "OpenedKSpace",
    "OpenedSlices",
    "OpenedVolume",
    "formats",
    "look_into",
    "open_files",
    "recognise",
]
