"""GitHub Apps: themselves, their installations, and what those may see."""

from typing import Any

from sandbox.apps import App, Installation
from sandbox.gate import Call, Handler
from sandbox.identities import account_id
from sandbox.model import Repository
from sandbox.rest.paging import page_of
from sandbox.wire import Answer, ApiError, iso, node_id, not_found

_LEVELS = ("read", "write")
_NO_SUCH_REPOSITORY = (
    "There is at least one repository that does not exist or is not accessible to the parent "
    "installation."
)


def _app(call: Call) -> App:
    """The App that asks; only a token that it signed will do."""
    if call.identity.app is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return call.hub.apps.by_id[call.identity.app]


def app(call: Call) -> Answer:
    """`GET /app`."""
    found, shapes = _app(call), call.hub.shapes
    granted: dict[str, str] = {"metadata": "read"}
    for one in found.installations.values():
        granted |= one.permissions
    body = {
        "id": found.id,
        "slug": found.slug,
        "node_id": node_id("App", found.id),
        "owner": shapes.user("octo-org"),
        "name": found.slug,
        "description": None,
        "external_url": shapes.api_url,
        "html_url": f"{shapes.api_url}/apps/{found.slug}",
        "created_at": iso(found.created_at),
        "updated_at": iso(found.created_at),
        "permissions": granted,
        "events": [],
        "installations_count": len(found.installations),
    }
    return Answer(200, body)


def installations(call: Call) -> Answer:
    """`GET /app/installations`."""
    found = _app(call)
    page, headers = page_of(call, list(found.installations.values()))
    return Answer(200, [_shape(call, found, one) for one in page], headers)


def installation(call: Call) -> Answer:
    """`GET /app/installations/{installation_id}`."""
    found = _app(call)
    return Answer(200, _shape(call, found, _installation(call, found)))


def of_repository(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/installation`."""
    found = _app(call)
    repository = call.hub.repository(call.params["owner"], call.params["repo"])
    for one in found.installations.values():
        if one.sees(repository):
            return Answer(200, _shape(call, found, one))
    raise not_found()


def of_organization(call: Call) -> Answer:
    """`GET /orgs/{org}/installation`."""
    return _of_account(call, str(call.params["org"]), "Organization")


def of_user(call: Call) -> Answer:
    """`GET /users/{username}/installation`."""
    return _of_account(call, str(call.params["username"]), "User")


def _of_account(call: Call, login: str, kind: str) -> Answer:
    found = _app(call)
    for one in found.installations.values():
        if one.kind == kind and one.owner.lower() == login.lower():
            return Answer(200, _shape(call, found, one))
    raise not_found()


def access_token(call: Call) -> Answer:
    """`POST /app/installations/{installation_id}/access_tokens`."""
    found = _installation(call, _app(call))
    if found.suspended:
        raise ApiError(403, "This installation has been suspended")
    fields = call.fields()
    narrowed = _narrowed(call, found, fields)
    permissions = _permitted(found, fields.get("permissions") or {})
    names = None if narrowed is None else frozenset(one.name.lower() for one in narrowed)
    seconds = call.hub.settings.installation_token_seconds
    identity = call.hub.apps.issue(found, permissions, names, seconds)
    body: dict[str, Any] = {
        "token": identity.token,
        "expires_at": iso(identity.expires_at),
        "permissions": permissions,
        "repository_selection": "all" if names is None and found.names is None else "selected",
    }
    if narrowed is not None:
        body["repositories"] = [call.hub.shapes.repository(one) for one in narrowed]
    return Answer(201, body)


def _narrowed(
    call: Call, installation: Installation, fields: dict[str, Any]
) -> list[Repository] | None:
    names, numbers = fields.get("repositories"), fields.get("repository_ids")
    if not names and not numbers:
        return None
    seen = [one for one in call.hub.world.repositories.values() if installation.sees(one)]
    wanted = {str(name).lower() for name in names or ()} | set(numbers or ())
    chosen = [one for one in seen if one.name.lower() in wanted or one.id in wanted]
    if {one.name.lower() for one in chosen} | {one.id for one in chosen} >= wanted:
        return chosen
    raise ApiError(422, _NO_SUCH_REPOSITORY)


def _permitted(installation: Installation, asked: dict[str, Any]) -> dict[str, str]:
    for name, level in asked.items():
        granted = installation.permissions.get(name)
        if level not in _LEVELS or granted is None or (granted, level) == ("read", "write"):
            message = "The permissions requested are not granted to this installation."
            raise ApiError(422, message)
    return {"metadata": "read", **asked} if asked else installation.permissions


def repositories(call: Call) -> Answer:
    """`GET /installation/repositories`: by number; a run's token sees its own one."""
    identity, every = call.identity, call.hub.world.repositories.values()
    if identity.installation is not None:
        seen = [one for one in every if identity.sees(one)]
    elif identity.repository is not None:
        seen = [one for one in every if one.full_name == identity.repository]
    else:
        message = "You must authenticate with an installation access token in order to list "
        raise ApiError(403, message + "repositories for an installation.")
    page, headers = page_of(call, sorted(seen, key=lambda one: one.id))
    body = {
        "total_count": len(seen),
        "repository_selection": "selected",
        "repositories": [call.hub.shapes.repository(one) for one in page],
    }
    return Answer(200, body, headers)


def _installation(call: Call, app: App) -> Installation:
    found = app.installations.get(int(call.params["installation_id"]))
    if found is None:
        raise not_found()
    return found


def _shape(call: Call, app: App, one: Installation) -> dict[str, Any]:
    shapes, created = call.hub.shapes, iso(one.created_at)
    base = f"{shapes.api_url}/app/installations/{one.id}"
    return {
        "id": one.id,
        "account": shapes.user(one.owner) | {"type": one.kind},
        "repository_selection": "all" if one.names is None else "selected",
        "access_tokens_url": f"{base}/access_tokens",
        "repositories_url": f"{shapes.api_url}/installation/repositories",
        "html_url": f"{shapes.api_url}/settings/installations/{one.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": account_id(one.owner),
        "target_type": one.kind,
        "permissions": one.permissions,
        "events": [],
        "created_at": created,
        "updated_at": created,
        "single_file_name": None,
        "suspended_by": shapes.user(one.owner) if one.suspended else None,
        "suspended_at": created if one.suspended else None,
    }


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/app"): app,
    ("GET", "/app/installations"): installations,
    ("GET", "/app/installations/{installation_id:int}"): installation,
    ("POST", "/app/installations/{installation_id:int}/access_tokens"): access_token,
    ("GET", "/repos/{owner}/{repo}/installation"): of_repository,
    ("GET", "/orgs/{org}/installation"): of_organization,
    ("GET", "/users/{username}/installation"): of_user,
    ("GET", "/installation/repositories"): repositories,
}
