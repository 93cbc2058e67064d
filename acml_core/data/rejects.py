"""Rows of a table that could not be used; the same records as ``acml_core.rejects``."""

from acml_core.rejects import Reject, read_csv, write_csv

__all__ = ["Reject", "read_csv", "write_csv"]
