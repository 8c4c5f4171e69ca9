"""`make dev`: the demo with DEBUG, for work on the site. Arguments go to `runserver`.

The web server runs in this terminal, so that `breakpoint()` stops there. It reloads itself when
code changes, and templates are not cached. The sandbox and the worker run as child processes.
"""

import os
import subprocess
import sys

from demo.launcher import (
    BASE,
    DemoError,
    Ports,
    commands,
    ended_with_us,
    exit_code_of,
    load_content,
    own_environment,
    refuse_real_keys,
    refuse_taken_ports,
    say,
    say_sign_ins,
    set_up_django,
    start,
    wait_until_answering,
    write_settings,
)


def run() -> None:
    """Start all processes and wait for Ctrl-C. Raises: DemoError."""
    ports = Ports.from_environment(os.environ)
    refuse_real_keys(os.environ)
    refuse_taken_ports(ports)
    say("Settings: .env.demo with DEBUG=1, var/demo.sqlite3 (same as `make demo`)")
    write_settings(ports, DEBUG="1", HASHED_STATIC="0")
    set_up_django()
    load_content()
    beside = commands(ports)
    # The worker has no terminal: a breakpoint there would raise in the running job.
    behind = [start(beside["sandbox"]), start(beside["worker"], PYTHONBREAKPOINT="0")]
    with ended_with_us(behind), ended_with_us([web := start_web(ports)]):
        address = f"http://127.0.0.1:{ports.web}/"
        wait_until_answering(address, [*behind, web])
        say("")
        say(f"Ready, with DEBUG: {address}")
        say_sign_ins(address)
        say(f"  admin    {address}admin/ as the seller, without a second factor")
        say(
            "Press Ctrl-C to stop. After you change code that the worker runs, stop and run "
            "`make dev` again."
        )
        web.wait()
        raise DemoError("The web server stopped. See its output above.")


def start_web(ports: Ports) -> subprocess.Popen[bytes]:
    """Start Django's development server on this terminal."""
    address = f"127.0.0.1:{ports.web}"
    command = [sys.executable, "manage.py", "runserver", address, *sys.argv[1:]]
    return subprocess.Popen(command, cwd=BASE, env=own_environment())


if __name__ == "__main__":
    sys.exit(exit_code_of(run, "The development site"))
