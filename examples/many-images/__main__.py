"""One Image for each application of a list; the builds run at the same time, and `up` shows each digest."""

import pulumi

from pulumi_kpack import Image

APPLICATIONS = {
    "shop": "https://git.example.com/team/shop.git",
    "search": "https://git.example.com/team/search.git",
    "accounts": "https://git.example.com/team/accounts.git",
}

config = pulumi.Config()
registry = config.require("registry")

images = {
    name: Image(
        name,
        {
            "tag": f"{registry}/{name}:main",
            "builder": {"kind": "ClusterBuilder", "name": "base"},
            "source": {"git": {"url": url, "revision": "main"}},
            "cache_size": "2Gi",
        },
    )
    for name, url in APPLICATIONS.items()
}

pulumi.export("images", {name: image.latest_image for name, image in images.items()})
