"""Kubernetes, registries and git, as async clients. Exceptions of libraries end here."""
