"""The build service's components as a Pulumi plugin, for programs in every language but Python: `docs/languages.md`."""

from pulumi_kpack.provider import serve

if __name__ == "__main__":
    serve()
