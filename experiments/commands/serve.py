"""`fanout model serve`: the simulated model for any OpenAI client on this machine."""

from argparse import ArgumentParser, Namespace

HELP = "serve it to any OpenAI client"
EXAMPLE = "fanout model serve --port 8321"


def add_arguments(parser: ArgumentParser) -> None:
    """Where it listens, and how long it takes to answer."""
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8321, help="0 takes a free one")
    parser.add_argument("--real-time", action="store_true", help="take the simulated latencies")


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C."""
    from topologies.simulated.model import PROFILES, respond
    from topologies.simulated.server import serve

    def ready(url: str) -> None:
        print(f"The simulated model listens at {url} (any key; models: {', '.join(PROFILES)}).")
        print("Stop it with Ctrl-C.", flush=True)

    at = (arguments.host, arguments.port)
    serve(*at, respond, PROFILES, real_time=arguments.real_time, ready=ready)
    return 0
