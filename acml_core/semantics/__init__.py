"""What a graph encoder has learnt: probes, neighbours, maps, compared with the same one untrained."""
