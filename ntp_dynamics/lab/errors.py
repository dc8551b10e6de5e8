"""A mistake of the user, told in one line."""

import sys
from collections.abc import Sequence
from typing import NoReturn


class UserError(Exception):
    """Something the user wrote cannot be used: ``<where>: <what>; <what to do>``.

    Commands print it as ``error: ...`` on stderr and exit with 2, without a traceback.
    """

    def __init__(self, where: str, what: str, remedy: str):
        super().__init__(where, what, remedy)
        self.where, self.what, self.remedy = where, what, remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.remedy}"


class UserErrors(Exception):
    """Several mistakes at once, a line each."""

    def __init__(self, errors: list[UserError]):
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


def raise_all(errors: Sequence[UserError]) -> None:
    """Raise one error as it is, several as UserErrors; nothing where there is none."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise UserErrors(list(errors))


def short(text: str) -> str:
    """At most 40 characters of a value, so that an error stays a line that a person can read."""
    return text if len(text) <= 40 else text[:37] + "..."


def refuse(errors: Sequence[UserError]) -> NoReturn:
    """Print ``error: where: what; what to do``, a line each, and exit with 2."""
    for error in errors:
        print(" ".join(f"error: {error}".splitlines()), file=sys.stderr)
    sys.exit(2)
