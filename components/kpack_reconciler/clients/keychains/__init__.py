"""Logins that belong to the process rather than to a service account: docker files, and those of a cloud's machines."""
