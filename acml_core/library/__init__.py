"""Candidate molecules as vectors, filters, and the one way to score them."""
