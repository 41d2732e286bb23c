"""The one reader of DICOM images: slices told from what lies beside them, sorted into series, their pixels."""
