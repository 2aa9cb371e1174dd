"""What a Pulumi engine is to a provider that makes components: an address to log to and to register resources with.

Nothing is created: each registration is kept and answered with its own inputs, a read with what was planted.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2, resource_pb2_grpc

Json = dict[str, Any]
_FEATURES = ("secrets", "resourceReferences")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A resource as a provider registered it; `parent` is its parent's name."""

    type: str
    name: str
    parent: str
    inputs: Json


@dataclass
class FakeEngine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Engine and resource monitor in one; `status` is that of every object that is read."""

    seen: dict[str, Registered] = field(default_factory=dict)
    status: Json = field(default_factory=dict)

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802 - gRPC's
        """Take a line."""
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: Any, context: Any) -> resource_pb2.DeploymentInfo:  # noqa: ARG002, N802 - gRPC's
        """Say what the monitor can do."""
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
            ]
        )

    def SupportsFeature(self, request: Any, context: Any) -> resource_pb2.SupportsFeatureResponse:  # noqa: ARG002, N802 - gRPC's
        """Say whether the monitor can do this."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(self, request: Any, context: Any) -> resource_pb2.RegisterResourceResponse:  # noqa: ARG002, N802 - gRPC's
        """Keep the resource and give back its inputs."""
        self._keep(request, request.object)
        return resource_pb2.RegisterResourceResponse(
            urn=urn(request), id=f"default/{request.name}" if request.custom else "", object=request.object
        )

    def ReadResource(self, request: Any, context: Any) -> resource_pb2.ReadResourceResponse:  # noqa: ARG002, N802 - gRPC's
        """Keep the resource and give back the planted status."""
        self._keep(request, request.properties)
        properties = struct_pb2.Struct()
        properties.update({"status": self.status})
        return resource_pb2.ReadResourceResponse(urn=urn(request), properties=properties)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802 - gRPC's
        """Take the outputs of a component."""
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802 - gRPC's
        """Nothing is waited for."""
        return empty_pb2.Empty()

    def _keep(self, request: Any, properties: struct_pb2.Struct) -> None:
        self.seen[request.name] = Registered(
            type=request.type,
            name=request.name,
            parent=request.parent.rpartition("::")[2],
            inputs=json_format.MessageToDict(properties),
        )


def urn(request: Any) -> str:
    """The URN that the engine gives to what is registered."""
    return f"urn:pulumi:test::project::{request.type}::{request.name}"


@contextmanager
def serving(engine: FakeEngine) -> Iterator[str]:
    """Serve the engine on this machine; gives its address."""
    with ThreadPoolExecutor() as workers:
        server = grpc.server(workers)
        engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield address
        finally:
            server.stop(None).wait()
