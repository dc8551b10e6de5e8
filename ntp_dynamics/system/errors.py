"""A mistake of the user, told in one line; foreign text, shown without harm."""

import sys
from collections.abc import Sequence
from typing import NoReturn

WIDEST = 40
"""Characters of a value that an error or a table shows."""


def escaped(text: str) -> str:
    """Text from outside, as a terminal may get it: what is not printable as its Python escape.

    Escape sequences, line ends, marks of direction and half characters become ``\\x1b``, ``\\n``,
    ``\\u202e``, ``\\ud800``; letters of any script stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def short(text: str) -> str:
    """At most 40 characters of a value, escaped: an error stays a line that a person can read."""
    if len(text) <= WIDEST and len(shown := escaped(text)) <= WIDEST:
        return shown
    shown = ""
    for piece in map(escaped, text):  # an escape is never cut in two
        if len(shown) + len(piece) > WIDEST - 3:
            break
        shown += piece
    return shown + "..."


class UserError(Exception):
    """Something the user wrote cannot be used: ``<where>: <what>; <what to do>``.

    Commands print it as ``error: ...`` on stderr and exit with 2, without a traceback.
    """

    def __init__(self, where: str, what: str, remedy: str):
        super().__init__(where, what, remedy)
        self.where, self.what, self.remedy = where, what, remedy

    def __str__(self) -> str:
        what, remedy = (" ".join(text.splitlines()) for text in (self.what, self.remedy))
        return escaped(f"{self.where}: {what}; {remedy}")


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


def refuse(errors: Sequence[UserError]) -> NoReturn:
    """Print ``error: where: what; what to do``, a line each, and exit with 2."""
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


def each(error: UserError | UserErrors) -> list[UserError]:
    """The mistakes that an exception tells of."""
    return error.errors if isinstance(error, UserErrors) else [error]
