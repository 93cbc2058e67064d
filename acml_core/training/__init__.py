"""Training: the graph encoder and the projectors against a tower that is locked, or partly so."""
