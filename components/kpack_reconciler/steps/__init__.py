"""The programs of the build pod: `prepare` and `completion`."""
