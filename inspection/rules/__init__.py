"""The rules of the assessment: pure Python, with no I/O and no clock."""
