"""Learners who buy a bank and answer all of it. Imported inside `manage.py shell` only.

They use the site's pages without a browser: thirty of them would take minutes in one.
"""

from django.test import Client
from django.urls import reverse

from accounts.models import User
from payments.models import Order
from practice.models import Attempt
from questions.rendering import PresentedItem
from testing.sandbox import SandboxControl

HOST = "127.0.0.1"


def buy_and_answer(slug: str, count: int, sandbox_url: str) -> None:
    """Let learners buy the bank and answer its questions in order; print a session and a result.

    Those who know more choose the second choice at the first question.
    """
    sandbox = SandboxControl(sandbox_url)
    for number in range(count):
        client, attempt = _buyer(slug, number, sandbox)
        for position in range(1, attempt.total + 1):
            page = reverse("practice:question", args=[attempt.pk, position])
            item = client.get(page).context["item"]
            client.post(page, _answer(item, number, is_first=position == 1))
        client.post(reverse("practice:finish", args=[attempt.pk]))
        print("learner", client.session.session_key, attempt.pk)  # noqa: T201 - read by a test


def _buyer(slug: str, number: int, sandbox: SandboxControl) -> tuple[Client, Attempt]:
    learner = User.objects.create_user(f"{slug}-{number}@example.org", "a-long-pass-phrase")
    # Each from an address of their own: purchases are limited by it.
    client = Client(SERVER_NAME=HOST, REMOTE_ADDR=f"192.0.2.{number + 1}")
    client.force_login(learner)
    client.post(reverse("payments:checkout", args=[slug]))
    order = Order.objects.get(user=learner)
    sandbox.pay(str(order.session_id))
    client.get(reverse("payments:success", args=[order.pk]))
    client.post(reverse("practice:start", args=[slug]))
    return client, Attempt.objects.get(learner=learner)


def _answer(item: PresentedItem, number: int, *, is_first: bool) -> dict[str, str]:
    """The second choice at the first question, and what the learner knows at the others."""
    if not item.choices:
        return {"text": "byte"} if item.kind == "short_answer" else {"number": "8"}
    return {"choice": item.choices[1 if is_first or number % 3 == 0 else 0].id}
