"""How entities are asked: those that are just ending, and those that never answer."""

import asyncio
import gc
import socket
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from activities import executions
from activities.executions import Entity, ask

ENTITY = Entity("Breaker", "breaker/octo-org/x.yml", None, "of a test")


class Ending:
    """A client of a workflow that ends as it is asked, so many times."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    async def execute_update_with_start_workflow(self, *_: Any, **asked: Any) -> Any:
        self.questions.append(asked["id"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refused(status: RPCStatusCode) -> RPCError:
    return RPCError("of a test", status, b"")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "RPC_TIMEOUT", timedelta(seconds=0.5))
    monkeypatch.setattr(executions, "_AGAIN", 0.01)


async def test_one_that_is_just_ending_is_asked_again_at_once() -> None:
    client: Any = Ending(
        refused(RPCStatusCode.FAILED_PRECONDITION),  # its last task was refused, and comes again
        refused(RPCStatusCode.NOT_FOUND),
        WorkflowUpdateFailedError(RuntimeError("completed before the update was")),
        "yes",
    )

    assert await ask(client, ENTITY, "permit", None, str) == "yes"
    assert len(set(client.questions)) == 1, "the same question, which is told once"


async def test_one_that_never_gets_done_with_ending_is_not_asked_for_ever() -> None:
    client: Any = Ending(refused(RPCStatusCode.FAILED_PRECONDITION))

    with pytest.raises(RPCError, match="no answer of breaker") as told:
        await ask(client, ENTITY, "permit", None, str)

    assert told.value.status is RPCStatusCode.UNAVAILABLE


async def test_another_refusal_is_told_as_it_is() -> None:
    client: Any = Ending(refused(RPCStatusCode.PERMISSION_DENIED), "yes")

    with pytest.raises(RPCError, match="of a test"):
        await ask(client, ENTITY, "permit", None, str)


async def test_a_question_without_answer_leaves_no_error_behind() -> None:
    """The SDK keeps it twice; what nobody looks at is logged with its traceback."""
    left: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: left.append(context))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        client = await Client.connect(f"127.0.0.1:{deaf.getsockname()[1]}", lazy=True)

        with pytest.raises(RPCError, match="no answer of breaker"):
            await ask(client, ENTITY, "permit", None, str)

    for _ in range(10):  # the call itself ends a little later than its question
        await asyncio.sleep(0.1)
        gc.collect()
    assert left == []
