"""Which service a host belongs to, as a word for metrics: few values, and none that tells a private name."""

_DOMAINS = {
    "github.com": "github",
    "ghcr.io": "github",
    "gitlab.com": "gitlab",
    "bitbucket.org": "bitbucket",
    "dev.azure.com": "azure",
    "visualstudio.com": "azure",
    "azurecr.io": "azure",
    "windows.net": "azure",
    "microsoftonline.com": "azure",
    "amazonaws.com": "amazon",
    "public.ecr.aws": "amazon",
    "gcr.io": "google",
    "pkg.dev": "google",
    "googleapis.com": "google",
    "docker.io": "docker",
    "docker.com": "docker",
    "quay.io": "quay",
}
HOST_CLASSES = frozenset({*_DOMAINS.values(), "other"})


def host_class(host: str) -> str:
    """`github`, `docker` …, by the end of a host's name (a port may follow); `other` for all that are not known."""
    labels = host.partition(":")[0].lower().rstrip(".").split(".")
    for first in range(len(labels) - 1):
        if found := _DOMAINS.get(".".join(labels[first:])):
            return found
    return "other"
