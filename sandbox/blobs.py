"""The other origin: archives behind links that die, and the artifact service of running steps."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.hub import Hub
from sandbox.model import Artifact, Run
from sandbox.wire import ApiError

_REFUSED = (
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
    "<Message>{message}</Message></Error>"
)


class Blobs:
    """The handlers of the second port."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/archives/{secret}", self.archive),
                Route("/artifacts", self.names),
                Route("/artifacts/{name}", self.fetch),
                Route("/artifacts/{name}", self.publish, methods=["POST"]),
            ]
        )

    async def archive(self, request: Request) -> Response:
        """A download link; as on GitHub's storage, credentials are refused."""
        if "authorization" in request.headers:
            return _refusal("InvalidAuthenticationInfo", "Send no Authorization header here.")
        found = self._hub.artifacts.resolve(request.path_params["secret"])
        if found is None:
            return _refusal("AuthenticationFailed", "The link is unknown or has expired.")
        path, name = found
        return FileResponse(path, media_type="application/zip", filename=name)

    async def publish(self, request: Request) -> Response:
        """A step publishes a zip as an artifact of its run."""
        run = self._run_of(request)
        if run is None:
            return JSONResponse({"message": "Unauthorized"}, 401)
        query, content = request.query_params, await request.body()
        days = query.get("days", "")
        try:
            artifact = self._hub.artifacts.publish(
                run,
                request.path_params["name"],
                content,
                days=int(days) if days.isdigit() else 0,
                overwrite=query.get("overwrite") == "true",
            )
        except ApiError as error:
            return JSONResponse({"message": error.message}, error.status)
        self._hub.changed()
        return JSONResponse(self._published(run, artifact), 201)

    async def names(self, request: Request) -> Response:
        """Names of the artifacts of a step's run."""
        run = self._run_of(request)
        found = self._hub.artifacts.of_run(run) if run else []
        return JSONResponse([artifact.name for artifact in found], 200 if run else 401)

    async def fetch(self, request: Request) -> Response:
        """An artifact of a step's run."""
        run = self._run_of(request)
        for artifact in self._hub.artifacts.of_run(run) if run else []:
            if artifact.name == request.path_params["name"]:
                path = self._hub.artifacts.path(artifact)
                return FileResponse(path, media_type="application/zip")
        return JSONResponse({"message": "Not Found"}, 404)

    def _run_of(self, request: Request) -> Run | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._hub.world.runs.get(self._hub.identities.runtime.get(token, 0))

    def _published(self, run: Run, artifact: Artifact) -> dict[str, str]:
        page = f"{self._hub.api_url}/{run.repository}/actions/runs/{run.id}"
        return {
            "artifact-id": str(artifact.id),
            "artifact-url": f"{page}/artifacts/{artifact.id}",
            "artifact-digest": artifact.digest.removeprefix("sha256:"),
        }


def _refusal(code: str, message: str) -> Response:
    text = _REFUSED.format(code=code, message=message)
    return Response(text, 403, media_type="application/xml")
