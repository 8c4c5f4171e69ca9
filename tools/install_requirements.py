"""Install pinned requirements with pip, and say what to do where pip cannot reach its index.

    python tools/install_requirements.py requirements/base.txt [COMMAND]

pip ends with "No matching distribution found" where a proxy keeps it from its index. COMMAND is
what to type again. Runs in a fresh environment, so it uses the standard library only.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

PROXY_VARIABLES = (
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
)
BROKEN = re.compile(r"connection broken by '(?P<error>.*)': /|Could not fetch URL")
# The innermost reason of the chain that urllib3 reports.
REASON = re.compile(
    r"Tunnel connection failed: [^'\")]+|Connection refused|timed out[^'\")]*"
    r"|Name or service not known|Temporary failure in name resolution|CERTIFICATE_VERIFY_FAILED"
)


def main() -> int:
    """pip's exit code."""
    requirements, *command = sys.argv[1:]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--require-hashes", "-r", requirements],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    unreachable = done.returncode and BROKEN.search(done.stderr)
    sys.stderr.write(
        advice(done.stderr, os.environ, command[0] if command else "make demo")
        if unreachable
        else done.stderr
    )
    return done.returncode


def advice(pip_said: str, environment: Mapping[str, str], command: str) -> str:
    """Why pip has no index, and the commands that help."""
    reason = REASON.search(pip_said)
    proxies = {name: environment[name] for name in PROXY_VARIABLES if environment.get(name)}
    lines = [
        "",
        f"pip cannot reach its package index{f' ({reason[0]})' if reason else ''}.",
        *(_through_proxies(proxies, command) if proxies else _without_a_proxy(command)),
        f"  If your organization runs an index:     PIP_INDEX_URL=https://... {command}",
        "Nothing else has been changed. What is already installed stays.",
    ]
    return "\n".join(lines) + "\n"


def _through_proxies(proxies: Mapping[str, str], command: str) -> list[str]:
    unset = " ".join(f"-u {name}" for name in proxies)
    return [
        "These variables of your shell send it through a proxy:",
        *(f"  {name}={masked(value)}" for name, value in proxies.items()),
        "What to do:",
        f"  If the proxy's address is wrong:        correct it, and run {command} again",
        f"  If this machine may connect directly:   env {unset} {command}",
    ]


def _without_a_proxy(command: str) -> list[str]:
    return [
        "No proxy variable is set in your shell.",
        "What to do:",
        f"  If you are behind a proxy:              HTTPS_PROXY=http://proxy.example:3128 {command}",
    ]


def masked(address: str) -> str:
    """The address without its user and password."""
    return re.sub(r"//.*@", "//***@", address)


if __name__ == "__main__":
    sys.exit(main())
