"""Pages of a list and the `Link` header that leads through them."""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

from sandbox.gate import Call

Item = TypeVar("Item")
_DEFAULT_SIZE = 30
_MAX_SIZE = 100


def page_of(call: Call, items: Sequence[Item]) -> tuple[Sequence[Item], dict[str, str]]:
    """The asked page of a list (30 entries, at most 100) and the answer's headers."""
    size = min(max(_number(call, "per_page", _DEFAULT_SIZE), 1), _MAX_SIZE)
    page = max(_number(call, "page", 1), 1)
    last = max(1, -(-len(items) // size))
    links = []
    if page > 1:
        links += [("prev", min(page - 1, last))]
    if page < last:
        links += [("next", page + 1), ("last", last)]
    if page > 1:
        links += [("first", 1)]
    header = ", ".join(f'<{_url(call, number)}>; rel="{name}"' for name, number in links)
    chosen = items[(page - 1) * size : page * size]
    return chosen, {"link": header} if header else {}


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    return int(text) if text.isdigit() else default


def _url(call: Call, page: int) -> str:
    query = urlencode({name: value for name, value in call.query.items() if name != "page"})
    return f"{call.hub.api_url}{call.path}?{query}{'&' if query else ''}page={page}"
