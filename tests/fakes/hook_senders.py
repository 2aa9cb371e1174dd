"""What senders of push hooks send: requests of the shape that each documents, with the proof of a secret."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field

from kpack_reconciler.model.hooks import Provider

SECRET = "a-secret-of-some-length"
COMMIT = "bffeb74224043ba2feb48d137756c8a9331c449a"
EVENTS = "application/vnd.docker.distribution.events.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request's body and headers."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def sent(provider: Provider, event: str, payload: object, *, secret: str = SECRET) -> Sent:
    """A hook with this payload, proven with this secret."""
    body = json.dumps(payload).encode()
    headers = {"Content-Type": "application/json", **_event(provider, event), **proof(provider, body, secret)}
    return Sent(body=body, headers=headers | ({"Content-Type": EVENTS} if provider is Provider.REGISTRY else {}))


def proof(provider: Provider, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header that proves the secret."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        Provider.GITHUB: {"X-Hub-Signature-256": f"sha256={signature}"},
        Provider.GITEA: {"X-Gitea-Signature": signature},
        Provider.BITBUCKET: {"X-Hub-Signature": f"sha256={signature}"},
        Provider.GITLAB: {"X-Gitlab-Token": secret},
        Provider.REGISTRY: {"Authorization": f"Bearer {secret}"},
    }[provider]


def push(provider: Provider, *, path: str = "team/app", ref: str = "refs/heads/main", secret: str = SECRET) -> Sent:
    """The push of a branch or tag to a repository."""
    host = "git.example.com"
    http, ssh, web = f"https://{host}/{path}.git", f"git@{host}:{path}.git", f"https://{host}/{path}"
    commit = {"ref": ref, "before": "0" * 40, "after": COMMIT}
    kind, short = ("tag" if "/tags/" in ref else "branch"), ref.split("/", 2)[2]
    match provider:
        case Provider.GITHUB | Provider.GITEA:
            repository = {"full_name": path, "clone_url": http, "ssh_url": ssh, "html_url": web}
            return sent(provider, "push", {**commit, "repository": repository, "commits": []}, secret=secret)
        case Provider.GITLAB:
            described = {"path_with_namespace": path, "git_http_url": http, "git_ssh_url": ssh, "web_url": web}
            word = "tag_push" if kind == "tag" else "push"
            event = "Tag Push Hook" if kind == "tag" else "Push Hook"
            return sent(provider, event, {"object_kind": word, **commit, "project": described}, secret=secret)
        case Provider.BITBUCKET:
            new = {"type": kind, "name": short, "target": {"type": "commit", "hash": COMMIT}}
            changes = [{"new": new, "old": None, "created": True, "closed": False}]
            links = {"html": {"href": f"https://bitbucket.org/{path}"}}
            cloud = {"type": "repository", "full_name": path, "links": links, "project": {"key": "PROJ"}}
            return sent(provider, "repo:push", {"repository": cloud, "push": {"changes": changes}}, secret=secret)
        case Provider.REGISTRY:
            return image_push((path, short), secret=secret)


def data_center_push(*, project: str = "TEAM", slug: str = "app", ref: str = "refs/heads/main") -> Sent:
    """The push of a branch to a repository of Bitbucket Data Center, which does not tell its address."""
    change = {
        "ref": {"id": ref, "displayId": "main", "type": "BRANCH"},
        "refId": ref,
        "toHash": COMMIT,
        "type": "UPDATE",
    }
    repository = {"slug": slug, "name": slug, "scmId": "git", "project": {"key": project, "type": "NORMAL"}}
    payload = {"eventKey": "repo:refs_changed", "repository": repository, "changes": [change]}
    return sent(Provider.BITBUCKET, "repo:refs_changed", payload)


def image_push(*tags: tuple[str, str], action: str = "push", secret: str = SECRET) -> Sent:
    """A registry's notification of tags of repositories; the tag "" is a push by digest."""
    events = [
        {
            "id": str(number),
            "timestamp": "2026-06-09T04:05:06Z",
            "action": action,
            "target": {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": f"sha256:{'a' * 64}",
                "repository": repository,
                "url": f"https://registry.example.com/v2/{repository}/manifests/sha256:{'a' * 64}",
                **({"tag": tag} if tag else {}),
            },
            "request": {"host": "registry.example.com", "method": "PUT"},
        }
        for number, (repository, tag) in enumerate(tags)
    ]
    return sent(Provider.REGISTRY, "", {"events": events}, secret=secret)


def _event(provider: Provider, event: str) -> dict[str, str]:
    return {
        Provider.GITHUB: {"X-GitHub-Event": event},
        Provider.GITEA: {"X-Gitea-Event": event, "X-GitHub-Event": event, "X-Gogs-Event": event},
        Provider.GITLAB: {"X-Gitlab-Event": event},
        Provider.BITBUCKET: {"X-Event-Key": event},
        Provider.REGISTRY: {},
    }[provider]
