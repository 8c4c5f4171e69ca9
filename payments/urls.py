"""The URLs of purchases and orders."""

from django.urls import path

from payments.views import checkout, orders, webhook

app_name = "payments"

urlpatterns = [
    path("checkout/<slug:slug>/", checkout.checkout, name="checkout"),
    path("buy/<slug:slug>/", checkout.confirm_purchase, name="confirm_purchase"),
    path("remind/<slug:slug>/", checkout.remind, name="remind"),
    path("success/<uuid:order_id>/", orders.success, name="success"),
    path("cancelled/<uuid:order_id>/", checkout.cancelled, name="cancelled"),
    path("orders/", orders.orders, name="orders"),
    path("orders/of/<slug:slug>/", orders.order_of_bank, name="order_of_bank"),
    path("orders/<uuid:order_id>/check/", orders.check, name="check"),
    path("orders/<uuid:order_id>/cancel/", orders.cancel, name="cancel"),
    path("orders/<uuid:order_id>/receipt/", orders.receipt, name="receipt"),
    path("orders/<uuid:order_id>/resend/", orders.resend, name="resend"),
    path("webhook/", webhook.webhook, name="webhook"),
    # Stripe counts a redirect as a failed delivery, so the slash may be left out.
    path("webhook", webhook.webhook),
]
