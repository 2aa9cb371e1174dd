"""The one-node Kubernetes cluster: certificates, containerd, control plane, node, storage."""
