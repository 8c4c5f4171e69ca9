"""What the middleware adds to an event from Stripe: no statement, no session, no cookie."""

import pytest

EVENT = {"content_type": "application/json", "headers": {"Stripe-Signature": "t=1,v1=forged"}}


@pytest.mark.django_db
def test_a_forged_event_costs_no_statement(client, learner, django_assert_num_queries):
    client.force_login(learner)
    client.post("/payments/webhook/", "{}", **EVENT)
    with django_assert_num_queries(0):
        response = client.post("/payments/webhook/", "{}", **EVENT)
    assert response.status_code == 400
    assert not response.cookies


@pytest.mark.django_db
def test_every_page_names_checkout_in_its_policy(client, settings):
    response = client.get("/")
    policy = response["Content-Security-Policy"]
    assert f"form-action 'self' {settings.CHECKOUT_ORIGIN}" in policy.split("; ")
