"""The one writer of derived DICOM objects: images, uncertainty, Parametric Maps."""
