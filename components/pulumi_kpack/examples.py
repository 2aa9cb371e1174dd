"""An example of a right value for each field of the arguments: what an error shows beside a wrong one."""

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "additional_tags": "['registry.example.com/team/app:stable']",
    "allowed_builders": "['registry.example.com/team/builder']",
    "allowed_buildpacks": "['paketo-buildpacks/go']",
    "annotations": "{'example.com/owner': 'team'}",
    "base": "'python:3.11-slim'",
    "bindings": "[{'name': 'maven', 'metadata': 'maven-binding'}]",
    "blob": "{'url': 'https://files.example.com/app.zip'}",
    "build": "{'env': [{'name': 'BP_GO_VERSION', 'value': '1.26'}]}",
    "builder": "Builder(…), or {'kind': 'ClusterBuilder', 'name': 'base'}",
    "builder_image": "builds.require_output('builder')",
    "builder_poll_seconds": "60",
    "built_at": "'2026-06-09T04:05:06Z'",
    "built_by": "'docker'",
    "cache_size": "'2Gi'",
    "certificate_secret": "'hooks-certificate'",
    "certificates": "Path('ca.pem').read_text()",
    "credentials": "[RegistryCredentials(…)]",
    "docker_config_json": "config.require_secret('dockerConfig')",
    "env": "[{'name': 'BP_GO_VERSION', 'value': '1.26'}]",
    "failed_build_history_limit": "10",
    "forbid_same": "True",
    "git": "{'url': 'https://git.example.com/app.git', 'revision': 'main'}",
    "hooks": "{'signing_secret': config.require_secret('hookSecret')}",
    "host": "'unix:///var/run/docker.sock'",
    "http": "'http://proxy.example.com:3128'",
    "https": "'http://proxy.example.com:3128'",
    "id": "'apps/go-sample-app'",
    "image": "'registry.example.com/team/builder:base'",
    "image_pull_secrets": "['registry-login']",
    "image_tagging_strategy": "'BuildNumber'",
    "initialize_submodules": "True",
    "kind": "'ClusterBuilder'",
    "known_hosts": "Path('known_hosts').read_text()",
    "known_run_images": "['registry.example.com/team/run']",
    "labels": "{'team': 'web'}",
    "log_level": "'info'",
    "max_age_hours": "720",
    "max_concurrent_builds": "40",
    "max_concurrent_builds_per_namespace": "10",
    "metadata": "'maven-binding'",
    "name": "'base'",
    "namespace": "'apps'",
    "namespaces": "['apps']",
    "no_proxy": "['.example.com', '10.0.0.5']",
    "node_selector": "{'kubernetes.io/arch': 'amd64'}",
    "outside_host": "'hooks.example.com'",
    "password": "config.require_secret('password')",
    "previous_signing_secret": "config.require_secret('previousHookSecret')",
    "proxy": "{'https': 'http://proxy.example.com:3128', 'no_proxy': ['.example.com']}",
    "reconciler_image": "service.image",
    "registry": "'registry.example.com', where a login is asked {'address': …, 'username': …, 'password': …}",
    "replicas": "2",
    "repository": "'registry.example.com/team/kpack-reconciler'",
    "resources": "{'requests': {'memory': '1Gi'}}",
    "retain_definitions": "True",
    "revision": "'main'",
    "rules": "{'allowed_buildpacks': ['paketo-buildpacks/go']}",
    "secret": "'maven-settings'",
    "secrets": "['registry-login']",
    "service_account": "BuildServiceAccount(…), or 'kpack-bot'",
    "signing_secret": "config.require_secret('hookSecret')",
    "source": "{'git': {'url': 'https://git.example.com/app.git', 'revision': 'main'}}",
    "source_poll_seconds": "60",
    "source_polling": "'10m'",
    "ssh_private_key": "config.require_secret('sshKey')",
    "strip_components": "1",
    "sub_path": "'services/app'",
    "success_build_history_limit": "10",
    "tag": "'registry.example.com/team/app:1'",
    "target": "'prod.example.com/team/app:1'",
    "timeout_minutes": "30",
    "tolerations": "[{'key': 'builds', 'operator': 'Exists'}]",
    "update_policy": "'polling'",
    "url": "'https://git.example.com'",
    "username": "config.require('user')",
    "wait": "'built'",
}


def example(path: str) -> str:
    """Give the example for the field that a path (`source.git.url`, `build.env[0]`) leads to.

    Inside of free mappings and lists the enclosing field's example is shown whole.
    """
    for part in reversed(path.split(".")):
        name = part.partition("[")[0]
        if name in EXAMPLES:
            return EXAMPLES[name]
    return "what its documentation shows"
