"""The other origin: archives behind links that die, as GitHub's blob storage has them."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sandbox.hub import Hub

_REFUSED = (
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
    "<Message>{message}</Message></Error>"
)


def blob_app(hub: Hub) -> Starlette:
    """The application of the second port."""

    async def archive(request: Request) -> Response:
        if "authorization" in request.headers:
            return _refusal(403, "InvalidAuthenticationInfo", "Send no Authorization header here.")
        found = hub.artifacts.resolve(request.path_params["secret"])
        if found is None:
            return _refusal(403, "AuthenticationFailed", "The link is unknown or has expired.")
        path, name = found
        return FileResponse(path, media_type="application/zip", filename=name)

    return Starlette(routes=[Route("/archives/{secret}", archive)])


def _refusal(status: int, code: str, message: str) -> Response:
    text = _REFUSED.format(code=code, message=message)
    return Response(text, status, media_type="application/xml")
