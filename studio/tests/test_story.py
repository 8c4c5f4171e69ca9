"""A bank from nothing to sale, thirty buyers, a wrong key reported, fixed, and scores raised.

Everything goes through pages, purchases through the sandbox. `e2e/test_studio.py` does the first
part in a browser.
"""

import json
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from catalog.models import TestBank
from outbox.models import OutgoingMail
from payments.models import Order
from payments.tests.conftest import *  # noqa: F403 - fixtures
from practice.models import Answer, Attempt
from studio.models import Import
from studio.services.statistics import compute_statistics

pytestmark = [pytest.mark.django_db, pytest.mark.proof, pytest.mark.usefixtures("sandbox")]

BANK = ["bits"]
BUYERS = 30
WRONG_KEY, RIGHT_KEY = "0", "1"
GIFT = "::One:: How many bits are in a byte? {=8 ~4 ~16}\n\nTwo is even. {T}\n"
AIKEN = "Which port does HTTPS use?\nA. 80\nB. 443\nANSWER: B\n"


def choices(*words, right):
    return {
        **{f"choices-{index}-text": text for index, text in enumerate(words)},
        "right": right,
    }


def questions(picture):
    """Twelve questions of the kinds that can be asked; the first has a wrong key."""
    yield "single_choice", {"stem": "Which is $2^0$?", **choices("0", "1", "2", right=WRONG_KEY)}
    drawn = f"What is drawn here? ![A gray square]({picture})"
    yield "single_choice", {"stem": drawn, **choices("A square", "A circle", right="0")}
    for number in range(2, 5):
        yield "single_choice", {"stem": f"{number} + 1?", **choices(number + 1, 0, right="0")}
    for number in range(2):
        yield (
            "multiple_choice",
            {"stem": f"Above {number}?", **choices(-1, 5, 9, right=["1", "2"])},
        )
        yield "true_false", {"stem": f"{number} is a bit.", "answer": "true"}
        yield "numeric", {"stem": f"{number} bytes in bits?", "answers-0-value": str(8 * number)}
    yield "short_answer", {"stem": "Eight bits are one…", "answers-0-text": "byte"}


def draw():
    file = BytesIO()
    Image.new("RGB", (20, 20), "gray").save(file, "PNG")
    return SimpleUploadedFile("square.png", file.getvalue(), "image/png")


def upload(desk, name, content):
    """Upload a file, and accept it."""
    file = SimpleUploadedFile(name, content.encode())
    response = desk.post(reverse("studio:imports", args=BANK), {"files": file, "domain": ""})
    assert response.status_code == 303, response.text
    row = Import.objects.latest("at")
    desk.post(reverse("studio:accept", args=[*BANK, row.pk]))
    return Import.objects.get(pk=row.pk)


def corrected(explanation):
    given = [{"text": "one", "right": True}, {"text": "two"}]
    line = {"kind": "single_choice", "id": "17", "stem": "Which is first?", "choices": given}
    return json.dumps(line | {"explanation": explanation})


def buy_and_answer(number, sandbox):
    """A learner buys the bank, and answers all of it: those who know more choose "1" at first."""
    learner = User.objects.create_user(f"learner{number}@example.org", "a-long-pass-phrase")
    client = Client()
    client.force_login(learner)
    client.post(reverse("payments:checkout", args=BANK))
    order = Order.objects.get(user=learner)
    sandbox.control.pay(order.session_id)
    client.get(reverse("payments:success", args=[order.pk]))
    client.post(reverse("practice:start", args=BANK))
    attempt = Attempt.objects.get(learner=learner)
    for position in range(1, attempt.total + 1):
        page = reverse("practice:question", args=[attempt.pk, position])
        client.post(page, answer_to(client.get(page), number, is_first=position == 1))
    client.post(reverse("practice:finish", args=[attempt.pk]))
    return client, attempt


def answer_to(response, number, *, is_first):
    """The second choice at the first question, and what the learner knows at the others."""
    item = response.context["item"]
    if not item.choices:
        return {"text": "byte"} if item.kind == "short_answer" else {"number": "8"}
    return {"choice": item.choices[1 if is_first or number % 3 == 0 else 0].id}


def test_bank_is_written_sold_answered_reported_and_fixed(desk, category, sandbox, at):
    fields = {"title": "Bits", "slug": "bits", "category": category.pk, "language": "en"}
    desk.post(reverse("studio:new_bank"), fields)
    test_bank = TestBank.objects.get(slug="bits")
    sent = desk.post(reverse("studio:picture", args=BANK), {"picture": draw()}).json()
    for kind, typed in questions(sent["name"]):
        address = reverse("studio:new_question", args=[*BANK, kind])
        assert desk.post(address, {"state": "published", **typed}).status_code == 303
    assert test_bank.bank_questions.count() == 12

    upload(desk, "a.gift", GIFT)
    undone = upload(desk, "b.txt", AIKEN)
    desk.post(reverse("studio:undo_import", args=[*BANK, undone.pk]))
    assert upload(desk, "c.jsonl", corrected("Because.")).added == 1
    assert upload(desk, "c.jsonl", corrected("It comes first.")).changed == 1
    assert test_bank.bank_questions.count() == 15

    TestBank.objects.filter(slug="bits").update(
        price_minor=1900, keeps_question_order=True, keeps_choice_order=True
    )
    desk.post(reverse("studio:publish", args=BANK))
    buyers = [buy_and_answer(number, sandbox) for number in range(BUYERS)]
    assert Order.objects.filter(status="paid").count() == BUYERS
    assert Answer.objects.count() == BUYERS * 15

    compute_statistics(test_bank=test_bank, at=at)
    [first, *_others] = desk.get(reverse("studio:statistics", args=BANK)).context["rows"]
    assert (first.now.first_count, first.now.facility) == (BUYERS, 0)

    for client, attempt in buyers[:2]:
        client.post(reverse("reports:report", args=[attempt.pk, 1]), {"reason": "key"})
    [report] = test_bank.reports.all()
    assert report.reporter_count == 2
    fix_and_regrade(desk, report)
    assert Answer.objects.filter(position=1, fraction=1, fraction_before=0).count() == BUYERS
    assert Attempt.objects.filter(points__gte=1).count() == BUYERS
    told = OutgoingMail.objects.filter(template__startswith="studio/")
    assert told.filter(template="studio/email/answers_regraded").count() == BUYERS
    assert told.filter(template="studio/email/report_closed").count() == 2
    assert "It is 1." in Client().get(reverse("catalog:detail", args=BANK)).text


def fix_and_regrade(desk, report):
    """Save the question with the other key, look at the new scores, and apply them."""
    question = report.question.public_id
    typed = {"stem": "Which is $2^0$?", **choices("0", "1", "2", right=RIGHT_KEY)}
    ids = {
        f"choices-{index}-id": choice.id for index, choice in enumerate(report.version.item.choices)
    }
    desk.post(reverse("studio:question", args=[*BANK, question]), {"base": 1, **typed, **ids})
    page = reverse("studio:regrade", args=[*BANK, question])
    shown = desk.get(page).context
    assert (shown["answer_count"], shown["session_count"]) == (BUYERS, BUYERS)
    desk.post(page, {"words": "It is 1.", "reply": "Thank you."})
