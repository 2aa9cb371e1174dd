"""What the environment takes from the machine: addresses, processes, cgroups, mounts, network, packages."""
