"""`python -m starter` is `podium`."""

from starter.cli import main

if __name__ == "__main__":
    main()
