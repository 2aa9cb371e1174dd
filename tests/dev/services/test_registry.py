from pathlib import Path

from dev.services.registry import configuration


def test_an_open_registry() -> None:
    """Blobs in the file system, deletion on, nobody asked who they are."""
    assert configuration(address="10.201.0.2:5000", data=Path("/data"), users=None) == {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": "/data"},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": "10.201.0.2:5000"},
    }


def test_a_closed_registry_asks_for_users() -> None:
    """Names and passwords come from an htpasswd file."""
    config = configuration(address="10.201.0.2:5002", data=Path("/data"), users=Path("/users"))

    assert config["auth"] == {"htpasswd": {"realm": "registry", "path": "/users"}}
