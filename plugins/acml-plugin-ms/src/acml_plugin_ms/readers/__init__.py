"""One file a format. Each reader yields ``Record`` (what a file says) or ``BadInput`` (why not)."""
