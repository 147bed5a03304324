"""Ends the runs of a sandbox that died without a chance to do so itself.

`python -m sandbox.runs.guardian MARK [FOLDER ...]` waits until its input closes, which it
does when the sandbox is gone for whatever reason; then it kills what carries the mark and
removes the folders.
"""

import shutil
import signal
import sys

from sandbox.runs.processes import kill_marked


def main(arguments: list[str]) -> None:
    """Wait for the end of input, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    mark, *folders = arguments
    while sys.stdin.buffer.read(4096):
        pass
    kill_marked(mark)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
