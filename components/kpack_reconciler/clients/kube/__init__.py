"""The Kubernetes API over HTTP: where the cluster is, what its paths are called, and one asynchronous client."""
