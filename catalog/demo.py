"""The demo's banks and people. Idempotent: what is there already is left as it is."""

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import User
from catalog.models import BankQuestion, Category, TestBank
from questions.items import Choice, SingleChoice, Text
from questions.services import store_items

FOLDER = Path(__file__).parent / "demo_banks"
LEARNER = "learner@demo.example"
SELLER = "seller@demo.example"
PASSWORD = "practise-makes-perfect"  # noqa: S105 - printed by the demo, for the demo


def load_demo_banks() -> list[TestBank]:
    """Every demo bank that is not there yet, made and put on sale."""
    return [
        make_bank(bank)
        for path in sorted(FOLDER.glob("*.json"))
        if not TestBank.objects.filter(
            slug=(bank := json.loads(path.read_text(encoding="utf-8")))["slug"]
        ).exists()
    ]


@transaction.atomic
def make_bank(bank: dict[str, Any]) -> TestBank:
    """A published bank with its questions, as a file of the folder describes it."""
    category = dict(bank["category"])
    shelf, _created = Category.objects.get_or_create(slug=category.pop("slug"), defaults=category)
    test_bank = TestBank.objects.create(
        category=shelf,
        status=TestBank.Status.PUBLISHED,
        **{
            name: bank[name]
            for name in (
                "slug",
                "title",
                "summary",
                "description",
                "price_minor",
                "currency",
                "access_days",
            )
        },
    )
    versions = store_items(items=[item(question) for question in bank["questions"]])
    BankQuestion.objects.bulk_create(
        BankQuestion(
            test_bank=test_bank,
            question=version.question,
            position=position,
            is_sample=position in bank["samples"],
        )
        for position, version in enumerate(versions, start=1)
    )
    return test_bank


def item(question: dict[str, Any]) -> SingleChoice:
    """A question of a demo bank; its texts are Markdown."""
    return SingleChoice(
        stem=markdown(question["stem"]),
        explanation=markdown(question["explanation"]),
        domain=question["domain"],
        difficulty=question["difficulty"],
        choices=tuple(
            Choice(
                id="abcdefgh"[place],
                text=markdown(text),
                weight=100 if is_right else 0,
                feedback=markdown(feedback),
            )
            for place, (text, is_right, feedback) in enumerate(question["choices"])
        ),
    )


def markdown(source: str) -> Text:
    """A text in Markdown."""
    return Text(source=source, markup="markdown")


def load_demo_people() -> None:
    """The demo's learner and seller; their passwords are the demo's."""
    for email, name, is_staff in ((LEARNER, "Lena Learner", False), (SELLER, "Sol Seller", True)):
        if not User.objects.filter(email=email).exists():
            User.objects.create_user(email, PASSWORD, name=name, is_staff=is_staff)
