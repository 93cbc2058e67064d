"""Evaluations: they see vectors, identities and masses, never a spectrum or a training loop."""
