"""Measurements, printed as ratios against a peer in the same run; nothing is asserted."""
