"""One look at a repository's runs: as many activities as requests, so that a limit counts both."""

from temporalio import workflow
from temporalio.workflow import ActivityConfig

from activities.watch import WatchActivities
from contracts.watch import MAX_PAGES, PageMark, Poll, PollRuns, RunRow
from workflows import policies


async def look(ask: PollRuns, *, apart: bool) -> Poll:
    """Read the newest runs, page by page as far as is needed, and older ones by themselves.

    The watch queue's limit is one of activities. A look that read all its pages in one would cost
    more of the token's budget than the limit knows of.

    Args:
        ask: what is looked for.
        apart: false where this run of the watcher began with all of it in one activity.

    Raises:
        ActivityError: GitHub did not answer within the policy.
    """
    if not apart:
        return await _read(ask, policies.POLL)
    marks: tuple[PageMark, ...] = ()
    rows: dict[int, RunRow] = {}
    requests = 0
    for number in range(1, MAX_PAGES + 1):
        only = ask.model_copy(update={"pages": (number,), "by_id": ()})
        page = await _read(only, policies.POLL_ONCE)
        marks, requests = marks + page.marks, requests + page.requests
        rows |= {row.run_id: row for row in page.rows}
        if marks[-1].floor <= ask.oldest:
            break
    for run_id in ask.by_id:
        alone = ask.model_copy(update={"pages": (), "by_id": (run_id,)})
        one = await _read(alone, policies.POLL_ONCE)
        requests += one.requests
        rows |= {row.run_id: row for row in one.rows}
    return Poll(rows=tuple(rows.values()), marks=marks, requests=requests)


async def _read(ask: PollRuns, policy: ActivityConfig) -> Poll:
    return await workflow.execute_activity_method(
        WatchActivities.poll, ask, **policies.named(policy, _summary(ask), of=ask.repository)
    )


def _summary(ask: PollRuns) -> str:
    """One line for the Temporal UI."""
    if not ask.pages:
        return f"look for {', '.join(f'run {run_id}' for run_id in ask.by_id)}"
    page = f", page {ask.pages[0]}" if ask.pages[0] > 1 else ""
    return f"look for {len(ask.watched)} runs{page}"
