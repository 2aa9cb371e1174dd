"""World and clock to decision, one function per kind. Pure: no I/O, no clock, no randomness."""
