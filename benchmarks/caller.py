"""Calls a WSGI application in its own process, without a server, and tells what that cost.

A program: `python -m benchmarks.caller MODULE` reads one JSON command a line and answers
each with one. `Caller` is the other end of that pipe.
"""

import gc
import importlib
import io
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from benchmarks.load import Request
from testing.site import ROOT, Site

TRANSACTION_WORDS = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}
# Who is asking: counted apart, since every page of a person who is signed in reads them.
VISITOR_TABLES = ("FROM django_session", "FROM accounts_user")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Called:
    """What came of some requests: CPU seconds of the process, and the statuses."""

    cpu_seconds: float
    statuses: dict[int, int]


class Caller:
    """A process that calls an application on request."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, requests: Sequence[Request]) -> Called:
        """Call the application with each request in turn."""
        answer = self._ask({"command": "call", "requests": [asdict(each) for each in requests]})
        statuses = {int(status): count for status, count in answer["statuses"].items()}
        return Called(cpu_seconds=answer["cpu_seconds"], statuses=statuses)

    def statements(self, request: Request, *, of_visitor: bool) -> list[str]:
        """The statements of one request, but for those that begin and end transactions.

        Without `of_visitor` those that read the session and its user are left out.
        """
        answer = self._ask({"command": "statements", "requests": [asdict(request)]})
        return [
            statement
            for statement in answer["statements"]
            if of_visitor
            or not any(table in statement.replace('"', "") for table in VISITOR_TABLES)
        ]

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the calling process ended; its own words stand above")
        found: dict[str, Any] = json.loads(answer)
        return found


@contextmanager
def calling(module: str, site: Site) -> Iterator[Caller]:
    """A process that calls the `application` of a module with the site's settings."""
    with (site.folder / "caller.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.caller", module],
            cwd=ROOT,
            env=site.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process:
            try:
                yield Caller(process)
            finally:
                process.terminate()


def _main(module: str) -> None:
    application: Application = importlib.import_module(module).application
    act = {"call": _called, "statements": _statements}
    for line in sys.stdin:
        command = json.loads(line)
        requests = [Request(**each) for each in command["requests"]]
        sys.stdout.write(json.dumps(act[command["command"]](application, requests)) + "\n")
        sys.stdout.flush()


def _called(application: Application, requests: Sequence[Request]) -> dict[str, Any]:
    environments = [_environment(request) for request in requests]
    statuses: Counter[int] = Counter()
    gc.collect()
    started = time.process_time()
    for environment in environments:
        statuses[_status(application, environment)] += 1
    return {"cpu_seconds": time.process_time() - started, "statuses": statuses}


def _statements(application: Application, requests: Sequence[Request]) -> dict[str, Any]:
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.split(None, 1)[0].upper() not in TRANSACTION_WORDS:
            seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        for request in requests:
            _status(application, _environment(request))
    return {"statements": seen}


def _status(application: Application, environment: dict[str, Any]) -> int:
    """Call as a server would: read the whole answer, then close it."""
    statuses: list[str] = []
    answer = application(environment, lambda status, _headers: statuses.append(status))
    try:
        for _part in answer:
            pass
    finally:
        close = getattr(answer, "close", None)
        if close:
            close()
    return int(statuses[0][:3])


def _environment(request: Request) -> dict[str, Any]:
    """The request as PEP 3333 hands it to an application."""
    body = request.body.encode()
    path, _mark, query = request.path.partition("?")
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()
    }
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **headers,
    }


if __name__ == "__main__":
    _main(sys.argv[1])
