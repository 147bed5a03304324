"""The command line: `python -m sandbox`."""

import argparse
from pathlib import Path

from sandbox.server import Options, serve


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=(
            "A local GitHub whose Actions run on this machine. Prints one JSON line "
            "with its address and a token when it listens; ends on SIGTERM."
        ),
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=0, help="port, 0 for a free one")
    add("--runners", type=int, default=10, help="most act processes at once")
    add("--mode", choices=("act", "timed"), default="act", help="run workflow files, or a clock")
    add("--state-file", type=Path, help="keep issues, runs and artifacts here")
    add("--work-dir", type=Path, help="scratch folder; a temporary one by default")
    add("--repository", type=_pair, action="append", default=[], metavar="OWNER/NAME=DIR")
    add("--issues", type=_pair, action="append", default=[], metavar="OWNER/NAME=FILE")
    add("--token", type=_pair, action="append", default=[], metavar="TOKEN=LOGIN")
    add("--parent-pid", type=int, help="end when this process is gone")
    return parser


def main() -> None:
    """Read the command line and serve."""
    given = _parser().parse_args()
    serve(
        Options(
            host=given.host,
            port=given.port,
            runners=given.runners,
            mode=given.mode,
            state_file=given.state_file,
            work_dir=given.work_dir,
            parent_pid=given.parent_pid,
            repositories={name: Path(folder) for name, folder in given.repository},
            issues={name: Path(file) for name, file in given.issues},
            tokens=dict(given.token),
        )
    )


if __name__ == "__main__":
    main()
