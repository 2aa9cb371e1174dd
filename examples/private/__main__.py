"""A private repository over ssh and a private registry: logins are secrets of the stack's configuration."""

import pulumi

from pulumi_kpack import BuildServiceAccount, ClusterBuilder, GitCredentials, Image, RegistryCredentials

config = pulumi.Config()
registry = config.require("registry")

push = RegistryCredentials(
    "push",
    {"registry": registry, "username": config.require("user"), "password": config.require_secret("password")},
)
clone = GitCredentials(
    "clone",
    {
        "url": "git@git.example.com",
        "ssh_private_key": config.require_secret("deployKey"),
        "known_hosts": config.require("knownHosts"),
    },
)
bot = BuildServiceAccount("builds", {"credentials": [push, clone]})
builder = ClusterBuilder("base", {"image": config.require("builder")})
app = Image(
    "app",
    {
        "tag": f"{registry}/team/app:main",
        "builder": builder,
        "service_account": bot,
        "source": {"git": {"url": "git@git.example.com:team/app.git", "revision": "main"}},
    },
)

pulumi.export("image", app.latest_image)
