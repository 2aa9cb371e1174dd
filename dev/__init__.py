"""The machine's own cloud: toolchain, one-node cluster, registry, git server and samples."""
