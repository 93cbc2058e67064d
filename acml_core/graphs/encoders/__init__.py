"""Graph encoders: from a batch of packed molecular graphs to node and graph embeddings."""
