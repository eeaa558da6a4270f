"""The part of the identity service that clients need: ``POST /v3/auth/tokens`` and its version document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .identity import Identity, Token, timestamp
from .messages import Answer, Request, iam_fault, identifier

_METHOD_NOT_ALLOWED = iam_fault(405, "Method Not Allowed", "The method is not allowed for this address.")
_UNAUTHORIZED = iam_fault(401, "Unauthorized", "The username or password is wrong.")


@dataclass(frozen=True)
class Account:
    """The only user and the only project of the simulated cloud."""

    username: str
    password: str
    domain_name: str
    project_name: str
    project_id: str

    def __repr__(self) -> str:
        return f"Account({self.username!r}, …)"


def answer(request: Request, account: Account, identity: Identity, endpoint: str) -> Answer | None:
    """Return the response of the identity service, or ``None`` if the path belongs to another service."""
    path = request.path.rstrip("/")
    if path == "/v3":
        return Answer(200, {"version": _version(endpoint)}) if request.method == "GET" else _METHOD_NOT_ALLOWED
    if path != "/v3/auth/tokens":
        return None
    return _token(request, account, identity, endpoint) if request.method == "POST" else _METHOD_NOT_ALLOWED


def _version(endpoint: str) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{endpoint}/v3/"}]
    return {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": links}


def _token(request: Request, account: Account, identity: Identity, endpoint: str) -> Answer:
    try:
        wanted = json.loads(request.body)["auth"]
        methods, proof, scope = wanted["identity"]["methods"], wanted["identity"], wanted.get("scope", {})
        is_known = _is_known(methods, proof, account, identity)
        has_project = _is_project(scope.get("project"), account)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return iam_fault(400, "Bad Request", "The request body is invalid.")
    if not is_known or ("project" in scope and not has_project):
        return _UNAUTHORIZED
    token = identity.issue_token(has_project=has_project)
    catalog = [] if "nocatalog" in request.target.partition("?")[2] else _catalog(account, endpoint)
    document = {"token": _description(token, methods, account, catalog)}
    return Answer(201, document, {"X-Subject-Token": token.value})


def _is_known(methods: list[str], proof: dict[str, Any], account: Account, identity: Identity) -> bool:
    if methods == ["token"]:
        return identity.valid_token(proof["token"]["id"]) is not None
    user = proof["password"]["user"]
    given = user["name"], user["password"], user["domain"]["name"]
    return methods == ["password"] and given == (account.username, account.password, account.domain_name)


def _is_project(project: dict[str, Any] | None, account: Account) -> bool:
    return project is not None and (
        project.get("id") == account.project_id or project.get("name") == account.project_name
    )


def _description(token: Token, methods: list[str], account: Account, catalog: list[Any]) -> dict[str, Any]:
    domain = {"id": identifier("domain", 32), "name": account.domain_name}
    user = {"id": identifier("user", 32), "name": account.username, "domain": domain}
    project = {"id": account.project_id, "name": account.project_name, "domain": domain}
    return {
        "methods": methods,
        "issued_at": timestamp(token.issued),
        "expires_at": timestamp(token.expires),
        "user": user,
        "roles": [{"id": "0", "name": "te_admin"}],
        **({"project": project, "catalog": catalog} if token.has_project else {}),
    }


def _catalog(account: Account, endpoint: str) -> list[dict[str, Any]]:
    project = f"{endpoint}/v2/{account.project_id}"
    urls = {"modelarts": project, "modelartsv2": project, "identity": f"{endpoint}/v3"}  # v2 is for otcextensions
    return [
        {"id": identifier(kind, 32), "type": kind, "name": kind, "endpoints": [_published(kind, url, account)]}
        for kind, url in urls.items()
    ]


def _published(kind: str, url: str, account: Account) -> dict[str, str]:
    region = account.project_name
    found = identifier(f"{kind} endpoint", 32)
    return {"id": found, "interface": "public", "region": region, "region_id": region, "url": url}
