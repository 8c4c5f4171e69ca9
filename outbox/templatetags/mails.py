"""Template tags: delays of email, and the shop's name and contact address."""

from django import template
from django.conf import settings

from outbox.services import is_mail_delayed

register = template.Library()


@register.simple_tag
def mail_is_delayed() -> bool:
    """True if the mail server refuses mails at the moment. One statement."""
    return is_mail_delayed()


@register.simple_tag
def support_email() -> str:
    """Return the shop's contact address, for error pages, which have no context processors."""
    return str(settings.SUPPORT_EMAIL)


@register.simple_tag
def shop_name() -> str:
    """Return the shop's name, for error pages, which have no context processors."""
    return str(settings.SITE_NAME)
