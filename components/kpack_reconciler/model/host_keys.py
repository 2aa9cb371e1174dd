"""Host keys of ssh servers that are trusted where a Secret tells none.

Owns the published ed25519 keys of the large git hosts, in OpenSSH's known_hosts form, so that a Secret made for kpack,
which trusts any server, goes on working there. Any other server's key has to be told: nothing is trusted blindly.

Sources, with the fingerprints that they publish:
- github.com, docs.github.com "GitHub's SSH key fingerprints": SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
- gitlab.com, docs.gitlab.com "SSH host keys fingerprints": SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8
- bitbucket.org, support.atlassian.com "Configure SSH": SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM
"""

from typing import Final

PUBLISHED: Final = """\
github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
bitbucket.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO
"""
"""Trusted where a Secret has no `known_hosts`."""
