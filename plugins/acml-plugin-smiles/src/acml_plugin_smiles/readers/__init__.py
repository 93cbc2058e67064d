"""Readers of the SMILES plugin: one file a kind of source."""
