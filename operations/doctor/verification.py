"""The group "Verification": four checks that together show that payment works.

Two repeat results of other groups. Two create a session, only with --create-test-session
(`purchase.py`).
"""

from operations.doctor.environment import proxy_variables
from operations.doctor.path import via
from operations.doctor.report import Cause, Check, Status
from operations.doctor.setup import Setup
from outbound.diagnosis.probe import ProbeReport
from outbound.redaction import scrub
from outbound.route import Route

GROUP = "Verification"
SHELL = "create_checkout_session in manage.py shell"
PAGE = "a purchase, up to Stripe's page"
TRY_IT = "not tested: use --create-test-session BANK"


def verification_checks(
    setup: Setup,
    route: Route | None,
    reached: ProbeReport | None,
    *,
    not_called: str,
    sessions: list[Check],
) -> list[Check]:
    """Return the four checks.

    `sessions` are the second and third, if they ran. `not_called` is the reason if `reached` is
    None.
    """
    return [
        _proxy_settings(setup, route),
        *(sessions or skipped_session_checks(TRY_IT)),
        _connectivity(setup, reached, not_called),
    ]


def skipped_session_checks(why: str) -> list[Check]:
    """Return the second and third check as skipped."""
    return [shell_check(Status.SKIP, why), page_check(Status.SKIP, why)]


def shell_check(
    status: Status, summary: str, *, fix: str = "", cause: Cause | None = None
) -> Check:
    """Return the check of calling `create_checkout_session` as from a shell."""
    words = f"{SHELL}: {summary}"
    return Check("verification.shell", GROUP, "2 Shell", status, words, fix=fix, cause=cause)


def page_check(status: Status, summary: str, *, fix: str = "", cause: Cause | None = None) -> Check:
    """Return the check of submitting the purchase form."""
    words = f"{PAGE}: {summary}"
    return Check("verification.purchase", GROUP, "3 Purchase", status, words, fix=fix, cause=cause)


def _proxy_settings(setup: Setup, route: Route | None) -> Check:
    names = [variable.where for variable in proxy_variables(setup.environment)]
    names += [variable.where for variable in setup.environment.settings_of("NO_PROXY")]
    if setup.setting != "environment":
        names.insert(0, "STRIPE_PROXY")
    found = ", ".join(names) or "none is set"
    outcome = f"Stripe is called {via(route)}" if route else "no route can be determined from them"
    status = Status.OK if route else Status.WARN
    summary = f"{found}; {outcome}"
    return Check("verification.settings", GROUP, "1 Proxy settings", status, summary)


def _connectivity(setup: Setup, report: ProbeReport | None, not_called: str) -> Check:
    host = setup.decide_direct().host
    name, title = "verification.connectivity", "4 Connectivity"
    if report is None:
        return Check(name, GROUP, title, Status.SKIP, f"{host}: {not_called}")
    milliseconds = report.record.elapsed_seconds * 1000
    if report.diagnosis is None:
        summary = f"{host} responds {scrub(via(report.route))}"
        return Check(name, GROUP, title, Status.OK, summary, milliseconds=milliseconds)
    return Check(
        name,
        GROUP,
        title,
        Status.FAIL,
        f"{host}: {report.diagnosis.id}",
        milliseconds=milliseconds,
        cause=Cause.of(report.diagnosis),
    )
