"""What a program says about push hooks, a docstring under each field."""

from typing import NotRequired, TypedDict

import pulumi

Text = pulumi.Input[str]


class HooksArgs(TypedDict):
    """Push hooks: git servers and registries tell of pushes, which are then asked about at once."""

    signing_secret: Text
    """What senders sign with, or show: at least 16 letters that nobody guesses; kept secret."""
    previous_signing_secret: NotRequired[Text]
    """The secret before this one: it holds, too, while senders are told the new one; kept secret."""
    outside_host: NotRequired[Text]
    """The host, and port, by which senders reach the endpoint: that of your ingress or gateway in front of the Service
    `kpack-hooks`. Default: none; `hook_url` is that of the Service in the cluster."""
    certificate_secret: NotRequired[Text]
    """A Secret of type kubernetes.io/tls in the system namespace with the endpoint's certificate. Default: the endpoint
    makes one of its own, which senders can only take unchecked."""
