"""Prices that Stripe never takes cannot be put on sale, whichever way a price is set."""

import pytest
from django.core.management import CommandError, call_command

from catalog.errors import PriceNotPossible
from catalog.models import TestBank
from catalog.price_rules import price_problem, rule_of_decimal_places
from catalog.services import put_on_sale

pytestmark = pytest.mark.pages

REFUSED = {
    ("USD", 49): "Stripe's minimum is $0.50.",
    ("GBP", 20): "Stripe's minimum is £0.30.",
    ("HUF", 12345): "Stripe's minimum is HUF175.00.",
    ("KWD", 1999): "The third decimal digit of a price in KWD must be 0.",
    ("UGX", 550): "Stripe accepts UGX in whole units only.",
    ("ISK", 1234): "Stripe accepts ISK in whole units only.",
    ("USD", 100_000_000): "Stripe's maximum is $999,999.99.",
    ("ISK", 100_000_000): "Stripe's maximum is ISK999,999.00.",
    ("XXX", 500): "Stripe does not support XXX.",
    # Not among the reported ones.
    ("TND", 12_345): "The third decimal digit of a price in TND must be 0.",
    ("MXN", 999): "Stripe's minimum is MX$10.00.",
    ("XAU", 5_000): "Stripe does not support XAU.",
}
TAKEN = [("USD", 50), ("JPY", 50), ("KWD", 1990), ("UGX", 600), ("HUF", 17_500), ("XXX", 0)]


@pytest.mark.parametrize(("price", "problem"), REFUSED.items())
def test_price_that_stripe_refuses_is_told_with_its_rule(price, problem):
    currency, amount = price
    assert price_problem(amount, currency).replace("\xa0", "") == problem


@pytest.mark.parametrize(("currency", "amount"), [*TAKEN, ("USD", 99_999_999), ("COP", 100)])
def test_price_that_stripe_takes_has_no_problem(currency, amount):
    assert price_problem(amount, currency) == ""


@pytest.mark.parametrize(
    ("currency", "rule"),
    [
        ("USD", "USD amounts can have at most 2 decimal places."),
        ("KWD", "KWD amounts can have at most 3 decimal places."),
        ("JPY", "JPY amounts have no decimal places. Enter a whole number."),
    ],
)
def test_rule_of_decimal_places_by_currency(currency, rule):
    assert rule_of_decimal_places(currency) == rule


@pytest.mark.parametrize(("currency", "amount"), REFUSED)
def test_bank_at_a_refused_price_does_not_go_on_sale(make_bank, at, currency, amount):
    bank = make_bank("dear", status="draft", currency=currency, price_minor=amount)
    with pytest.raises(PriceNotPossible):
        put_on_sale(test_bank=bank, at=at)
    assert TestBank.objects.get().status == "draft"


@pytest.mark.django_db
@pytest.mark.parametrize(("currency", "amount"), REFUSED)
def test_import_at_a_refused_price_writes_nothing(tmp_path, settings, currency, amount):
    settings.CURRENCY = currency
    file = tmp_path / "bank.gift"
    file.write_text("Is it so?{T}\n")
    options = ["--bank=b", "--title=T", "--publish", f"--price={amount}"]
    with pytest.raises(CommandError, match=r"^--price: ") as raised:
        call_command("import_bank", str(file), *options)
    assert (raised.value.returncode, TestBank.objects.count()) == (2, 0)
