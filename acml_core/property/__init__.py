"""Properties of molecules from the graph encoder: fine-tuning, prediction, and the benchmark suites."""
