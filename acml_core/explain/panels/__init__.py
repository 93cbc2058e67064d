"""The parts of an explanation's picture that matplotlib draws."""
