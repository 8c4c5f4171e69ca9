"""Pages about passwords and second factors use our templates and labels, not the library's."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_link_that_was_used_offers_a_new_one(client):
    address = reverse("account_reset_password_from_key", args=["1", "used-up"])
    page = client.get(address).text
    assert "This link no longer works" in page
    assert reverse("account_reset_password") in page


def test_advice_stands_at_the_new_password_only(client, learner):
    client.force_login(learner)
    page = client.get(reverse("account_change_password")).text
    assert page.count("At least 12 characters") == 1
    assert [label in page for label in ("Current password", "Confirm new password")] == [True, True]
