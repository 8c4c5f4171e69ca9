import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import count
from typing import NamedTuple

import pytest

from testing.site import ROOT, free_port, kill_group
from testing.waiting import wait_until

WORKER = "testbank.thread_worker.FreeThreadWorker"
APP = "testbank.tests.test_thread_worker:slow"
SECONDS = 0.1
ROUNDS = 5
number = count(1)


def slow(_environ, start_response):
    """Tells which process has answered, and the how-manieth time, after a while."""
    time.sleep(SECONDS)
    body = f"{os.getpid()} {next(number)}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Server(NamedTuple):
    port: int
    process: "subprocess.Popen[bytes]"


@contextmanager
def server(folder, *, processes, threads):
    port, log = free_port(), folder / "gunicorn.log"
    (folder / "gunicorn.conf.py").write_text(
        f"bind = '127.0.0.1:{port}'\nworkers, threads = {processes}, {threads}\n"
        f"worker_class = '{WORKER}'\ncontrol_socket_disable = True\n"
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", APP],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: log.read_text().count("Booting worker") == processes, seconds=30)
        yield Server(port, process)
    finally:
        kill_group(process)


def asked(connection):
    connection.request("GET", "/")
    process, answers = connection.getresponse().read().split()
    return int(process), int(answers)


def asked_anew(port, *, within_seconds=30):
    connection = HTTPConnection("127.0.0.1", port, timeout=within_seconds)
    try:
        return asked(connection)
    finally:
        connection.close()


def by_process(answers):
    """How many answers each process has given, the most first."""
    return sorted(Counter(process for process, _number in answers).values(), reverse=True)


def shares(port, *, connections):
    """How many of so many connections at once each process has answered, the most first."""
    with ThreadPoolExecutor(connections) as pool:
        return by_process(pool.map(lambda _one: asked_anew(port), range(connections)))


def shares_of_kept(port, *, connections):
    """The same, where all connections are there before anything is asked."""
    opened = [HTTPConnection("127.0.0.1", port, timeout=30) for _one in range(connections)]
    for connection in opened:
        connection.connect()
    with ThreadPoolExecutor(connections) as pool:
        answered = by_process(pool.map(asked, opened))
    for connection in opened:
        connection.close()
    return answered


@pytest.mark.parametrize("shared", [shares, shares_of_kept])
def test_connections_go_to_the_process_that_has_a_thread_free(tmp_path, shared):
    with server(tmp_path, processes=2, threads=3) as (port, _process):
        wait_until(lambda: len(shares(port, connections=6)) == 2, seconds=30)
        seen = Counter(tuple(shared(port, connections=6)) for _round in range(ROUNDS))
    # A machine that is busy with other things may be late once.
    assert seen.most_common(1)[0][0] == (3, 3)


def test_connections_that_are_kept_open_do_not_keep_new_ones_out(tmp_path):
    ended = threading.Event()

    def hammer(port):
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        while not ended.is_set():
            asked(connection)
        connection.close()

    with (
        server(tmp_path, processes=1, threads=1) as (port, _process),
        ThreadPoolExecutor(3) as pool,
    ):
        for _connection in range(3):
            pool.submit(hammer, port)
        try:
            _process, before = asked_anew(port)
            _process, after = asked_anew(port)
        finally:
            ended.set()
    assert after - before < 12


def test_more_connections_than_threads_are_all_answered(tmp_path):
    with server(tmp_path, processes=2, threads=1) as (port, _process):
        assert sum(shares(port, connections=10)) == 10


def test_a_connection_without_a_request_takes_no_thread(tmp_path):
    with server(tmp_path, processes=1, threads=1) as (port, _process):
        early = HTTPConnection("127.0.0.1", port, timeout=2)
        early.connect()
        try:
            # gunicorn's own thread would look at the first for five seconds.
            assert asked_anew(port, within_seconds=2)[1] == 1
            assert asked(early)[1] == 2
        finally:
            early.close()


def test_what_was_asked_is_answered_before_the_server_ends(tmp_path):
    with server(tmp_path, processes=1, threads=2) as (port, process):
        connections = [HTTPConnection("127.0.0.1", port, timeout=30) for _one in range(4)]
        for connection in connections:
            asked(connection)
        for connection in connections:
            connection.request("GET", "/")
        process.terminate()
        answers = [connection.getresponse().read().split()[1] for connection in connections]
        for connection in connections:
            connection.close()
        assert sorted(map(int, answers)) == [5, 6, 7, 8]
        assert process.wait(20) == 0
