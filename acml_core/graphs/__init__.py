"""Molecular graphs: RDKit features, packed flat arrays, and graph encoders."""
