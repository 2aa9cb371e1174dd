"""What stands beside the cluster: registries and the git server."""
