"""Concurrency groups with GitHub's rule: one runs, one is pending, the newest pending wins."""

from dataclasses import dataclass, field

from sandbox.model import Run


@dataclass(slots=True)
class _Group:
    holder: int
    pending: int | None = None


@dataclass(slots=True)
class Groups:
    """Who holds and who waits for each group; groups belong to one repository."""

    _groups: dict[tuple[str, str], _Group] = field(default_factory=dict)

    def enter(self, run: Run, *, cancel_in_progress: bool) -> tuple[list[int], bool]:
        """Ask for a run's group.

        Returns:
            Ids of the runs to cancel, and whether the run has to wait.
        """
        if run.group is None:
            return [], False
        key = _key(run)
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = _Group(run.id)
            return [], False
        displaced = [group.pending] if group.pending is not None else []
        group.pending = run.id
        if cancel_in_progress:
            displaced.append(group.holder)
        return displaced, True

    def leave(self, run: Run) -> int | None:
        """A run has ended.

        Returns:
            The id of the run that may go on in its place, if any.
        """
        key = _key(run)
        group = self._groups.get(key)
        if run.group is None or group is None:
            return None
        if group.pending == run.id:
            group.pending = None
            return None
        if group.holder != run.id:
            return None
        if group.pending is None:
            del self._groups[key]
            return None
        group.holder, group.pending = group.pending, None
        return group.holder


def _key(run: Run) -> tuple[str, str]:
    return run.repository, run.group or ""
