"""The process that speaks to Ray for a sweep, in lines of JSON on its standard input and output.

It is told where the cluster is, then packs by name, and to stop; it says how many CPUs there are,
what becomes of each pack, and every two seconds that the cluster answers.  Where its input ends,
the process of the sweep has ended: tasks are interrupted, and it leaves.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any, TextIO

from ntp_dynamics.launch.work import work

ANSWER_SECONDS = 2.0
"""How often the cluster is asked whether it is there."""
END_SECONDS = 15.0
"""How long tasks that were interrupted may take to end, once nobody waits for them."""

STORE = 100 << 20
"""Bytes of a local cluster's shared memory: packs and outcomes are short texts."""


class Gone(Exception):
    """The cluster is, as far as this machine is concerned."""


class Client:
    """Tasks under way, and who is told of them."""

    def __init__(self, out: TextIO):
        self._out = out
        self._ray: Any = None
        self._tasks: dict[Any, str] = {}
        self._stopping = False

    def join(self, address: str | None, num_cpus: int) -> None:
        """Join a cluster, or start a local one."""
        self._ray = ray = import_module("ray")
        local = {"num_cpus": num_cpus, "include_dashboard": False, "object_store_memory": STORE}
        ray.init(
            address or "local",
            log_to_driver=False,
            logging_level=logging.ERROR,
            **(local | {"_node_ip_address": "127.0.0.1"} if address is None else {}),
        )
        self._task = ray.remote(work)
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        sizes = [int(node.get("CPU", 0)) for node in nodes]
        self._say(cpus=sum(sizes), largest=max(sizes))

    def begin(self, name: str, pack: str, cpus: int) -> None:
        """A pack as a task; it is tried once, who asked for it knows better what is left."""
        options = self._task.options(num_cpus=cpus, max_retries=0, name=f"pack {name}")
        self._tasks[options.remote(pack)] = name

    def stop(self) -> None:
        """Interrupt tasks under way, and begin no other."""
        self._stopping = True
        for task in self._tasks:
            self._ray.cancel(task)

    def look(self, seconds: float) -> None:
        """Tell of tasks that ended, after that time at most."""
        if not self._tasks:
            time.sleep(seconds)
            return
        ended, _ = self._ray.wait([*self._tasks], timeout=seconds)
        for task in ended:
            name = self._tasks.pop(task)
            try:
                self._say(name=name, outcome=self._ray.get(task), why="")
            except Exception as error:  # of Ray: a worker or a machine is gone, or it was told to
                self._look_at_home()
                self._say(name=name, outcome=None, why=in_a_line(error))

    def answer(self) -> None:
        """Say that the cluster is there; hangs where it is not.  Raises Gone."""
        self._look_at_home()
        self._ray.cluster_resources()
        self._say(alive=True)

    def _look_at_home(self) -> None:
        """Raises Gone where Ray's server on this machine is: every task would fail at once."""
        node = getattr(import_module("ray._private.worker"), "_global_node", None)
        path = getattr(node, "raylet_socket_name", None)
        if path is not None:
            with socket.socket(socket.AF_UNIX) as home:
                try:
                    home.connect(path)
                except OSError as error:
                    raise Gone("Ray's server on this machine is gone") from error

    def leave(self) -> None:
        """End, with what is under way."""
        if self._tasks and not self._stopping:
            self.stop()
        patient_until = time.monotonic() + END_SECONDS
        while self._tasks and time.monotonic() < patient_until:
            self.look(0.5)
        self._ray.shutdown()

    def _say(self, **what: Any) -> None:
        try:
            self._out.write(json.dumps(what) + "\n")
            self._out.flush()
        except BrokenPipeError:
            pass  # nobody listens any more, which the input tells too


def main(log: str) -> None:
    """Until the input ends."""
    out = os.fdopen(os.dup(1), "w")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)  # Ray and what it starts print there
    os.dup2(file, 2)
    told: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    client = Client(out)
    first = told.get()
    if first is None:
        return
    try:
        client.join(first["address"], first["num_cpus"])
        serve(client, told)
    except Exception as error:
        traceback.print_exc()
        out.write(json.dumps({"error": in_a_line(error)}) + "\n")
        out.flush()
        os._exit(1)  # what is left of Ray may hang


def serve(client: Client, told: SimpleQueue[dict[str, Any] | None]) -> None:
    """Do what is told until nobody is there any more.  Raises Gone."""
    answered = 0.0
    while True:
        with suppress(Empty):
            while True:
                said = told.get_nowait()
                if said is None:
                    client.leave()
                    return
                if "stop" in said:
                    client.stop()
                else:
                    client.begin(**said)
        client.look(0.2)
        if time.monotonic() - answered > ANSWER_SECONDS:
            client.answer()
            answered = time.monotonic()


def in_a_line(error: Exception) -> str:
    """The first sentence of what Ray says."""
    first = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return first.partition(". ")[0].removesuffix(".")


def _listen(told: SimpleQueue[dict[str, Any] | None]) -> None:
    for line in sys.stdin:
        told.put(json.loads(line))
    told.put(None)


if __name__ == "__main__":
    main(sys.argv[1])
