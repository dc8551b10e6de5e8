"""Whose a directory is: one owner at a time, and the dead own nothing."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from threading import Barrier

import pytest

from ntp_dynamics.system import owner
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import CLAIM, DirectoryLock, Owner, new_directory

ME = Owner.me()
HERE = os.path.exists("/proc/self/stat")


def write(directory, written):
    text = written if isinstance(written, str) else json.dumps(asdict(written))
    (directory / CLAIM).write_text(text)


def test_a_lock_names_its_owner_and_leaves_nothing(tmp_path):
    with DirectoryLock(tmp_path) as lock:
        assert json.loads((tmp_path / CLAIM).read_text()) == asdict(ME)
        assert ME.pid == os.getpid()
        assert lock.stands
    assert list(tmp_path.iterdir()) == []
    assert not lock.stands
    lock.release()


def test_of_many_who_lock_at_once_one_has_it(tmp_path):
    many, rounds = 16, 30
    barrier, release = Barrier(many), Barrier(many)

    def take(_):
        barrier.wait()
        try:
            lock = DirectoryLock(tmp_path)
        except UserError:
            lock = None
        release.wait()
        if lock:
            assert lock.stands
            lock.release()
        return lock is not None

    with ThreadPoolExecutor(many) as pool:
        for _ in range(rounds):
            assert sum(pool.map(take, range(many))) == 1


def test_owners_come_and_go_and_never_overlap(tmp_path):
    """Each raises a flag while it owns; nobody ever finds the flag of another."""
    flag = tmp_path / "flag"

    def take(_):
        owned = 0
        for _ in range(60):
            try:
                with DirectoryLock(tmp_path):
                    flag.touch(exist_ok=False)
                    flag.unlink()
                    owned += 1
            except UserError:
                continue
        return owned

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) > 8


HOLD = """
import sys, time
from pathlib import Path
from ntp_dynamics.system.owner import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("mine", flush=True)
time.sleep(100)
"""


def test_another_process_owns_until_it_dies_however_it_dies(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"mine\n"
        said = f"process {process.pid} on .* is at work in it"
        with pytest.raises(UserError, match=said) as caught:
            DirectoryLock(tmp_path)
        assert "delete" not in str(caught.value)  # it lives: two would write
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / CLAIM).exists()
    with DirectoryLock(tmp_path) as lock:
        assert lock.stands


DEAD = {
    "this process, which has let go": ME,
    "another process of this machine": replace(ME, pid=1),
    "a process before this machine started": replace(ME, boot="another"),
    "a process in a container of this machine": replace(ME, host="another"),
    "one that died before it wrote who it was": "",
    "one that died half way": json.dumps(asdict(ME))[:20],
    "no owner at all": "[1, 2]",
}


@pytest.mark.skipif(not ME.boot, reason="this system does not say when it was started")
@pytest.mark.parametrize("written", DEAD.values(), ids=DEAD)
def test_what_nobody_holds_can_be_taken(written, tmp_path):
    write(tmp_path, written)
    with DirectoryLock(tmp_path):
        assert json.loads((tmp_path / CLAIM).read_text()) == asdict(ME)


def test_of_another_machine_we_cannot_know(tmp_path):
    write(tmp_path, replace(ME, host="elsewhere", boot="another"))
    with pytest.raises(UserError, match=r"on elsewhere is at work in it.*delete CLAIM there"):
        DirectoryLock(tmp_path)


WITHOUT_LOCKS = {
    "alive": (ME, False),
    "unknown": ("", False),
    "elsewhere": (replace(ME, host="elsewhere"), False),
    "of no known start": (replace(ME, started=""), False),
    "a number that went to another process": (replace(ME, started="7"), True),
    "before this machine started": (replace(ME, boot="another"), True),
}


@pytest.mark.skipif(not HERE, reason="this system does not say when a process began")
@pytest.mark.parametrize(("written", "free"), WITHOUT_LOCKS.values(), ids=WITHOUT_LOCKS)
def test_where_a_file_system_has_no_locks_the_file_itself_tells(
    written, free, tmp_path, monkeypatch
):
    monkeypatch.setattr(owner, "fcntl", None)
    with DirectoryLock(tmp_path), pytest.raises(UserError, match="is at work in it"):
        DirectoryLock(tmp_path)
    write(tmp_path, written)
    if free:
        DirectoryLock(tmp_path).release()
    else:
        with pytest.raises(UserError, match="is at work in it"):
            DirectoryLock(tmp_path)


def test_a_link_to_nowhere_and_a_directory_in_its_place_are_one_line(tmp_path):
    for name, make in (("link", lambda p: p.symlink_to("nowhere/at/all")), ("dir", Path.mkdir)):
        (tmp_path / name).mkdir()
        make(tmp_path / name / CLAIM)
        with pytest.raises(UserError, match=r"at work|cannot be written"):
            DirectoryLock(tmp_path / name)


def test_of_fifty_that_start_in_one_second_each_has_a_directory_of_its_own(tmp_path):
    barrier = Barrier(50)

    def start(_):
        barrier.wait()
        directory = new_directory(tmp_path / "deep/2026-01-01_00-00-00")
        with DirectoryLock(directory):
            return directory

    with ThreadPoolExecutor(50) as pool:
        found = set(pool.map(start, range(50)))
    assert len(found) == 50
    assert {path.name.removeprefix("2026-01-01_00-00-00") for path in found} == {
        "",
        *(f"-{i}" for i in range(1, 50)),
    }


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    for directory in (tmp_path / "file/job", tmp_path / ("x" * 300), Path("/proc/x/y")):
        with pytest.raises(UserError, match="it cannot be written"):
            new_directory(directory)
