"""What can be assembled without building an image: label, manual, and the scripts that build and verify it."""

from __future__ import annotations

import json
from pathlib import Path

from recon.doors.mrd.openrecon import label, manual
from recon.errors import OutputFailed

_SETTINGS = """# for build.sh and verify.sh
NAME={name}
TAG={tag}
LABEL_NAME={label}
"""


def assemble(folder: Path, emitter: str) -> list[Path]:
    """Write label, manual and settings of an image.

    Parameters
    ----------
    folder
        Made when it is not there.
    emitter
        What the scanner sends: ``raw`` or ``image``.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OutputFailed
        When the folder can't be written to.
    InvalidRequest
        When the label breaks the schema.
    """
    contents = label.label(emitter)
    label.validate(contents)
    base = label.base_name(contents)
    settings = _SETTINGS.format(name=base, tag=label.tag(contents), label=label.LABEL)
    texts = {
        "label.json": json.dumps(contents, indent=2) + "\n",
        "label.base64": label.encoded(contents),
        "package.env": settings,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text)
    except OSError as error:
        raise OutputFailed(f"can't write to {folder}: {error.strerror}") from error
    manual.write(contents, folder / f"{base}.pdf")
    return [folder / name for name in (*texts, f"{base}.pdf")]
