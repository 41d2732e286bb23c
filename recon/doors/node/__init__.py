"""The hospital's door: a DICOM node whose rules decide what is done with a series and where results go."""
