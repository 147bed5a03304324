"""Who speaks to GitHub, where it is not always the same: an App has a token for each owner."""

from typing import Protocol

from github import Auth


class Identities(Protocol):
    """Several identities, of which one speaks."""

    def of(self, path: str) -> Auth.Auth:
        """Give the identity that a request is sent as."""

    def forget(self, auth: Auth.Auth) -> None:
        """Give another the next time: this one's token is refused."""

    def permissions(self) -> list[dict[str, str]]:
        """Tell what each of them may do."""

    def login(self) -> str:
        """Tell the login of all of them."""
