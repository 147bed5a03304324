"""`python -m starter` is `podium`."""

import signal

# Ctrl-C before a command has begun ends it without a traceback; commands set their own handlers.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from starter.cli import main  # noqa: E402 - reading it takes time in which Ctrl-C may come

if __name__ == "__main__":
    main()
