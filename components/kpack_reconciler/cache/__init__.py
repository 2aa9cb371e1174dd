"""What was seen, in memory: synchronous, no I/O. Written by observers and by the loop, read by `gather`."""
