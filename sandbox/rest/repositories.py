"""Accounts, repositories, files, commits, labels and permissions."""

import base64

from sandbox.branches import list_folder, read_file
from sandbox.gate import Call, Handler
from sandbox.identities import not_accessible
from sandbox.issues import ensure_labels
from sandbox.model import Repository
from sandbox.rest.paging import page_of
from sandbox.wire import Answer, invalid_field, not_found

_ROLES = {
    "admin": ("admin", "push", "pull"),
    "maintain": ("write", "push", "pull"),
    "write": ("write", "push", "pull"),
    "triage": ("read", "pull"),
    "read": ("read", "pull"),
    "none": ("none",),
}


def user(call: Call) -> Answer:
    """`GET /user`; neither an App nor a run is a user."""
    if call.identity.permissions is not None:
        raise not_accessible()
    return Answer(200, call.hub.shapes.account(call.login))


def repository(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}`."""
    return Answer(200, call.hub.shapes.repository(call.repository))


def contents(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/contents/{path}`: a file, or a folder as a list."""
    repo, hub = call.repository, call.hub
    ref = call.query.get("ref") or repo.default_branch
    resolved = hub.resolve_ref(repo, ref)
    path = str(call.params.get("path", "")).strip("/")
    if resolved is None or path.split("/")[0] == ".git":
        raise not_found()
    content = read_file(hub, repo, resolved[0], path)
    if content is not None:
        body = hub.shapes.file_entry(repo, path, ref, content)
        encoded = base64.encodebytes(content).decode()
        return Answer(200, body | {"content": encoded, "encoding": "base64"})
    names = list_folder(hub, repo, resolved[0], path)
    entries = []
    for name in names:
        inner = f"{path}/{name}".lstrip("/")
        file = read_file(hub, repo, resolved[0], inner)
        entries.append(hub.shapes.file_entry(repo, inner, ref, file))
    if not entries:
        raise not_found()
    return Answer(200, entries)


def git_tree(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/git/trees/{ref}`; with `recursive`, all files and folders."""
    repo, hub, deep = call.repository, call.hub, bool(call.query.get("recursive"))
    ref = str(call.params["ref"])
    resolved = hub.resolve_ref(repo, ref)
    if resolved is None:
        raise not_found()
    branch, sha = resolved
    found: list[tuple[str, bytes | None]] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        for name in list_folder(hub, repo, branch, folder):
            path = f"{folder}/{name}".lstrip("/")
            content = read_file(hub, repo, branch, path)
            found.append((path, content))
            if content is None and deep:
                folders.append(path)
    entries = [hub.shapes.tree_entry(repo, path, content) for path, content in sorted(found)]
    url = f"{hub.shapes.repo_url(repo)}/git/trees/{sha}"
    return Answer(200, {"sha": sha, "url": url, "tree": entries, "truncated": False})


def commit(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/commits/{ref}`."""
    return Answer(200, call.hub.shapes.commit(call.repository, _sha(call, call.params["ref"])))


def git_ref(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/git/ref/{ref}`, with `heads/NAME` as ref."""
    name = str(call.params["ref"])
    if not name.startswith("heads/"):
        raise not_found()
    sha = _sha(call, name.removeprefix("heads/"))
    return Answer(200, call.hub.shapes.git_ref(call.repository, f"refs/{name}", sha))


def branch(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/branches/{branch}`."""
    name = str(call.params["ref"])
    return Answer(200, call.hub.shapes.branch(call.repository, name, _sha(call, name)))


def list_branches(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/branches`, by name; those that are protected where asked."""
    repo, hub = call.repository, call.hub
    wanted = call.query.get("protected")
    names = [] if wanted == "true" else sorted(hub.branches(repo))
    page, headers = page_of(call, names)
    url, known = hub.shapes.repo_url(repo), hub.branches(repo)
    bodies = [
        {
            "name": name,
            "commit": {"sha": known[name], "url": f"{url}/commits/{known[name]}"},
            "protected": False,
        }
        for name in page
    ]
    return Answer(200, bodies, headers)


def _sha(call: Call, ref: str) -> str:
    resolved = call.hub.resolve_ref(call.repository, ref)
    if resolved is None:
        raise not_found()
    return resolved[1]


def permission(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/collaborators/{username}/permission`."""
    hub, login = call.hub, str(call.params["username"])
    role = hub.identities.permission(hub.settings, call.repository, login)
    if role is None:
        raise not_found()
    legacy, *granted = _ROLES.get(role, ("read", "pull"))
    rights = {name: name in granted for name in ("push", "pull")}
    rights |= {"admin": role == "admin", "maintain": role in {"admin", "maintain"}}
    rights["triage"] = role not in {"read", "none"}
    person = hub.shapes.user(login) | {"permissions": rights, "role_name": role}
    return Answer(200, {"permission": legacy, "role_name": role, "user": person})


def membership(call: Call) -> Answer:
    """`GET /orgs/{org}/teams/{team_slug}/memberships/{username}`."""
    team, login = f"{call.params['org']}/{call.params['team']}", str(call.params["username"])
    granted = call.identity.permissions
    if granted is not None and granted.get("members", "none") == "none":
        raise not_accessible()
    people = {name.lower(): logins for name, logins in call.hub.settings.teams.items()}
    members = {one.lower() for one in people.get(team.lower(), ())}
    if login.lower() not in members:
        raise not_found()
    url = f"{call.hub.api_url}/teams/{team}/memberships/{login}"
    return Answer(200, {"url": url, "role": "member", "state": "active"})


def list_labels(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/labels`."""
    repo = call.repository
    chosen, headers = page_of(call, list(repo.labels.values()))
    return Answer(200, [call.hub.issue_shapes.label(repo, label) for label in chosen], headers)


def get_label(call: Call) -> Answer:
    """`GET /repos/{owner}/{repo}/labels/{name}`."""
    return _label(call, call.repository, str(call.params["name"]))


def create_label(call: Call) -> Answer:
    """`POST /repos/{owner}/{repo}/labels`."""
    repo, fields = call.repository, call.fields()
    call.identity.require("issues", repo)
    name = str(fields.get("name") or "")
    if not name:
        raise invalid_field("Label", "name", "missing_field")
    if name.lower() in repo.labels:
        raise invalid_field("Label", "name", "already_exists")
    ensure_labels(call.hub, repo, [name])
    label = repo.labels[name.lower()]
    label.color = str(fields.get("color") or label.color).lstrip("#")
    label.description = fields.get("description")
    call.hub.changed()
    answer = _label(call, repo, name)
    answer.status = 201
    return answer


def edit_label(call: Call) -> Answer:
    """`PATCH /repos/{owner}/{repo}/labels/{name}`: name, color, description; issues follow."""
    repo, fields, old = call.repository, call.fields(), str(call.params["name"])
    call.identity.require("issues", repo)
    if old.lower() not in repo.labels:
        raise not_found()
    label = repo.labels[old.lower()]
    new = str(fields.get("new_name") or label.name)
    if new.lower() != old.lower() and new.lower() in repo.labels:
        raise invalid_field("Label", "name", "already_exists")
    if new != label.name:
        for issue in repo.issues.values():
            issue.labels = [new if name == label.name else name for name in issue.labels]
        del repo.labels[old.lower()]
        repo.labels[new.lower()] = label
        label.name = new
    label.color = str(fields.get("color") or label.color).lstrip("#")
    label.description = fields.get("description", label.description)
    call.hub.changed()
    return _label(call, repo, new)


def _label(call: Call, repo: Repository, name: str) -> Answer:
    if name.lower() not in repo.labels:
        raise not_found()
    return Answer(200, call.hub.issue_shapes.label(repo, repo.labels[name.lower()]))


def rate_limit(call: Call) -> Answer:
    """`GET /rate_limit`."""
    identity, settings, meter = call.identity, call.hub.settings, call.identity.meter
    limit = min(settings.rate_limit, identity.rate_limit or 2**31)
    core = {
        "limit": limit,
        "used": min(meter.used, limit),
        "remaining": max(0, limit - meter.used),
        "reset": int(meter.window_started + settings.rate_window_seconds) + 1,
    }
    return Answer(200, {"resources": {"core": core, "search": core}, "rate": core})


_R = "/repos/{owner}/{repo}"
ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/user"): user,
    ("GET", "/rate_limit"): rate_limit,
    ("GET", _R): repository,
    ("GET", f"{_R}/contents"): contents,
    ("GET", f"{_R}/contents/{{path:path}}"): contents,
    ("GET", f"{_R}/commits/{{ref:path}}"): commit,
    ("GET", f"{_R}/git/trees/{{ref:path}}"): git_tree,
    ("GET", f"{_R}/git/ref/{{ref:path}}"): git_ref,
    ("GET", f"{_R}/branches"): list_branches,
    ("GET", f"{_R}/branches/{{ref:path}}"): branch,
    ("GET", f"{_R}/collaborators/{{username}}/permission"): permission,
    ("GET", "/orgs/{org}/teams/{team}/memberships/{username}"): membership,
    ("GET", f"{_R}/labels"): list_labels,
    ("POST", f"{_R}/labels"): create_label,
    ("GET", f"{_R}/labels/{{name}}"): get_label,
    ("PATCH", f"{_R}/labels/{{name}}"): edit_label,
}
