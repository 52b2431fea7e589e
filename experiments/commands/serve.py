"""`fanout model serve`: the simulated model for any OpenAI client on this machine."""

import argparse

from topologies.simulated.model import PROFILES, respond
from topologies.simulated.server import serve


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""

    def ready(url: str) -> None:
        print(f"The simulated model listens at {url} (any key; models: {', '.join(PROFILES)}).")
        print("Stop it with Ctrl-C.", flush=True)

    serve(
        arguments.host,
        arguments.port,
        respond,
        PROFILES,
        real_time=arguments.real_time,
        ready=ready,
    )
    return 0
