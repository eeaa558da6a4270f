"""Command line of the simulator: ``python -m modelarts_widgets.simulator --port 8080``."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence

from .exports import SimulatedExport
from .service import Simulator

_USAGE = """\
Simulating ModelArts at {endpoint}, exports: {count}. Ctrl-C ends it.

# One export
curl -H 'X-Auth-Token: {token}' {url}

# The same, by the command line of this package
export OS_TOKEN={token}
export OS_PROJECT_ID={project_id}
modelarts-watch --endpoint {endpoint} {dataset_id} {task_id}

# Instead of a token: for other OpenStack clients, and for ModelArtsClient.from_env() with the extra openstack
unset OS_TOKEN OS_PROJECT_ID
export OS_AUTH_URL={iam_endpoint}
export OS_USERNAME={username}
export OS_PASSWORD={password}
export OS_USER_DOMAIN_NAME={domain_name}
export OS_PROJECT_DOMAIN_NAME={domain_name}
export OS_PROJECT_NAME={project_name}
export OS_REGION_NAME={project_name}
export HUAWEICLOUD_SDK_REGION_MODELARTS_{region}={endpoint}

# The same as a clouds.yaml, for OS_CLOUD=simulator
clouds:
  simulator:
    auth:
      auth_url: {iam_endpoint}
      username: {username}
      password: {password}
      user_domain_name: {domain_name}
      project_domain_name: {domain_name}
      project_name: {project_name}
    region_name: {project_name}
    modelarts_endpoint_override: {endpoint}

# All exports, by the command line of otcextensions
openstack ma dataset export task list {dataset_id}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print how to query the simulated exports, and serve them until interrupted."""
    options = _parser().parse_args(arguments)
    simulator = Simulator(port=options.port)
    try:
        exports = _add_exports(simulator, options)
        simulator.start()
    except ValueError as error:
        raise SystemExit(f"Cannot simulate that: {error}") from error
    except (OSError, OverflowError) as error:
        raise SystemExit(f"Cannot listen on port {options.port}: {error}") from error
    with simulator:
        try:
            _accept_interrupts()
            print(_usage(simulator, exports), flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


def _add_exports(simulator: Simulator, options: argparse.Namespace) -> list[SimulatedExport]:
    if options.exports < 1:
        raise ValueError("there must be 1 export or more")
    facts = {"samples": options.samples, "seconds": options.seconds, "outcome": options.outcome}
    return [simulator.add_export(gradual=not options.jump, **facts) for _ in range(options.exports)]


def _usage(simulator: Simulator, exports: Sequence[SimulatedExport]) -> str:
    path = f"/v2/{simulator.project_id}/datasets/{simulator.dataset_id}/export-tasks/{exports[0].task_id}"
    return _USAGE.format(
        endpoint=simulator.endpoint,
        count=len(exports),
        token=simulator.token,
        url=simulator.endpoint + path,
        iam_endpoint=simulator.iam_endpoint,
        username=simulator.username,
        password=simulator.password,
        domain_name=simulator.domain_name,
        project_name=simulator.project_name,
        region=simulator.project_name.replace("-", "_").upper(),
        dataset_id=simulator.dataset_id,
        project_id=simulator.project_id,
        task_id=exports[0].task_id,
    )


def _accept_interrupts() -> None:
    """Raise `KeyboardInterrupt` on SIGINT and SIGTERM, even if this process has inherited an ignored SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modelarts_widgets.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--exports", type=int, default=1, help="number of exports (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=2_000, help="samples of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=120.0, help="time until they end (default: %(default)s)")
    parser.add_argument("--outcome", choices=("SUCCESSED", "FAILED"), default="SUCCESSED", help="their final status")
    parser.add_argument("--jump", action="store_true", help="report no progress until the end")
    return parser


if __name__ == "__main__":
    main()
