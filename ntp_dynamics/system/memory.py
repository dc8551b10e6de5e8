"""Memory, said before it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ntp_dynamics.system.disk import size_in_words
from ntp_dynamics.system.errors import UserError

GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Where a container says what it may use, and what it does."""


def available() -> int:
    """Bytes that this process can still get: of the machine, its container, its own limit."""
    left = [_of_the_machine()]
    for limit, used in GROUPS:
        most, now = _number(limit), _number(used)
        if most is not None and now is not None:
            left.append(most - now)
    own = _own_limit()
    return max(0, min(left if own is None else [*left, own]))


def make_room(needs: Mapping[str, tuple[float, str]], free: float | None = None) -> None:
    """Refuse what does not fit in so many bytes; None: in `available()`.

    ``needs`` are bytes and a remedy by the field that asks for them; one that could ask for less
    comes after those without which it would not help.  Raises UserError naming the first field that
    asks for more than those before it leave.
    """
    needed = sum(size for size, _ in needs.values())
    free = float(available()) if free is None else free
    left = free
    for field, (size, remedy) in needs.items():
        left -= size
        if left < 0:
            what = f"the job needs about {size_in_words(needed)} of memory"
            what += f", {size_in_words(size)} of it for this, and {size_in_words(free)} are free"
            raise UserError(field, what, remedy)


def _of_the_machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:  # not Linux
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _number(path: str) -> int | None:
    """What a file says; None where it is not there or says ``max``."""
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def _own_limit() -> int | None:
    """What `ulimit -v` leaves; None without a limit."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return limit - pages * os.sysconf("SC_PAGE_SIZE")
