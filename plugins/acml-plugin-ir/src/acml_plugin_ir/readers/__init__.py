"""One file a format; each yields ``IrSignal``."""
