"""Actions into the world. What they did is seen on the next look."""
