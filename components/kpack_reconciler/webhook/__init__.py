"""Admission over HTTPS. Judges with `decide.admission`; reaches no client."""
