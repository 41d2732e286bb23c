"""``recon evaluate preserve``: what a model keeps of what radiologists look for, a file for each task."""

import sys

from recon.cli.group import group_of

_WORDS = "What a model keeps of what radiologists look for, beside the classical methods."
COMMANDS = {"preserve": group_of(sys.modules[__name__], "recon.evaluate.preserve", _WORDS)}
