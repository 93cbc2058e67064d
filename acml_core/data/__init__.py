"""Tables of measurements, the split of molecules, and the data set that training reads."""
