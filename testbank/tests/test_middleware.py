"""The middleware makes no query and sets no cookie for a webhook."""

import pytest

EVENT = {"content_type": "application/json", "headers": {"Stripe-Signature": "t=1,v1=forged"}}


@pytest.mark.django_db
def test_forged_event_makes_no_query(client, learner, django_assert_num_queries):
    client.force_login(learner)
    client.post("/payments/webhook/", "{}", **EVENT)
    with django_assert_num_queries(0):
        response = client.post("/payments/webhook/", "{}", **EVENT)
    assert response.status_code == 400
    assert not response.cookies


@pytest.mark.django_db
def test_csp_allows_checkout_on_every_page(client, settings):
    response = client.get("/")
    policy = response["Content-Security-Policy"]
    assert f"form-action 'self' {settings.CHECKOUT_ORIGIN}" in policy.split("; ")
