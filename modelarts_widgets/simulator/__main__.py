"""Command line of the simulator: ``python -m modelarts_widgets.simulator --port 8080``."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence

from .service import Simulator


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve one export until interrupted, and print how to query it."""
    options = _parser().parse_args(arguments)
    outcome = "FAILED" if options.fail else "SUCCESSED"
    simulator = Simulator(port=options.port)
    try:
        export = simulator.add_export(
            samples=options.samples, seconds=options.seconds, outcome=outcome, gradual=not options.jump
        )
        simulator.start()
    except ValueError as error:
        raise SystemExit(f"Cannot simulate that: {error}") from error
    except (OSError, OverflowError) as error:
        raise SystemExit(f"Cannot listen on port {options.port}: {error}") from error
    with simulator:
        url = (
            f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/{export.dataset_id}/export-tasks/{export.task_id}"
        )
        try:
            _accept_interrupts()
            print(
                f"Simulating ModelArts at {simulator.endpoint}, one export of {export.seconds:g} s. Ctrl-C ends it.\n"
            )
            print(f"curl -H 'X-Auth-Token: {simulator.token}' {url}", flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


def _accept_interrupts() -> None:
    """Raise `KeyboardInterrupt` on SIGINT and SIGTERM, even if this process was started with SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modelarts_widgets.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--samples", type=int, default=2_000, help="samples to export (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=120.0, help="time until it ends (default: %(default)s)")
    parser.add_argument("--fail", action="store_true", help="let the export fail")
    parser.add_argument("--jump", action="store_true", help="report no progress until the end")
    return parser


if __name__ == "__main__":
    main()
