"""`python3 -m kpack_reconciler <command>`: what the image runs.

Owns the choice of the command, and the environment. Each command's code is imported only when it runs: the steps of a
build pod start without the controller's libraries.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

from kpack_api.process import MODULE, Command, StepEnvironment

_USAGE_ERROR = 2
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command with its arguments; the exit code."""
    signal.signal(signal.SIGTERM, _end)  # as PID 1 nobody else does it
    match arguments:
        case [Command.CONTROLLER]:
            return _controller(environment)
        case [Command.WEBHOOK]:
            return _webhook(environment)
        case [Command.PREPARE, *rest]:
            from kpack_reconciler.steps.prepare import main as prepare  # noqa: PLC0415

            return _step(prepare, rest, environment)
        case [Command.COMPLETION, *rest]:
            from kpack_reconciler.steps.completion import main as completion  # noqa: PLC0415

            return _step(completion, rest, environment)
        case [Command.PROMOTE, *rest]:
            from kpack_reconciler.steps.promote import main as promote  # noqa: PLC0415

            return _step(promote, rest, environment)
    print(f"usage: python3 -m {MODULE} {{{'|'.join(Command)}}}", file=sys.stderr)  # noqa: T201
    return _USAGE_ERROR


def _step(main: Callable[[Sequence[str]], int], arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    _trust(environment.get(StepEnvironment.CERTIFICATES, ""))
    return main(arguments)


def _trust(certificates: str) -> None:
    """Have this process and its children trust the company's authorities as well."""
    from kpack_reconciler.clients.outside import trusting  # noqa: PLC0415

    os.environ.update(trusting(certificates))


def _controller(environment: Mapping[str, str]) -> int:
    from kpack_reconciler.loop.logs import set_up_logs  # noqa: PLC0415
    from kpack_reconciler.settings import read_controller_settings  # noqa: PLC0415
    from kpack_reconciler.wiring.controller import run_controller  # noqa: PLC0415
    from kpack_reconciler.wiring.process import find_cluster, run_process  # noqa: PLC0415

    set_up_logs("info")

    async def controller() -> None:
        settings = read_controller_settings(environment, host=socket.gethostname())
        set_up_logs(settings.log_level)
        _trust(settings.network.certificates)
        await run_controller(settings, find_cluster())

    return run_process(controller)


def _webhook(environment: Mapping[str, str]) -> int:
    from kpack_reconciler.loop.logs import set_up_logs  # noqa: PLC0415
    from kpack_reconciler.settings import read_webhook_settings  # noqa: PLC0415
    from kpack_reconciler.wiring.process import find_cluster, run_process  # noqa: PLC0415
    from kpack_reconciler.wiring.webhook import run_webhook  # noqa: PLC0415

    set_up_logs("info")

    async def webhook() -> None:
        settings = read_webhook_settings(environment, host=socket.gethostname())
        set_up_logs(settings.log_level)
        await run_webhook(settings, find_cluster())

    return run_process(webhook)


def _end(*_: object) -> None:
    sys.exit(_ENDED_BY_SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
