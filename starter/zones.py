"""Names of time zones, checked against this machine's own time zone data."""

import difflib
import zoneinfo


def zone_problem(name: str) -> str:
    """Say what is wrong with a name; nothing where it is known, or nothing is known here."""
    known = zoneinfo.available_timezones()
    if not known or name in known:
        return ""
    by_lower = {one.lower(): one for one in sorted(known)}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    fix = f"did you mean {by_lower[near[0]]}?" if near else "write for example Europe/Berlin"
    return f"{name!r} is no time zone; {fix}"
