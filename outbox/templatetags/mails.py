"""What pages say about mails."""

from django import template

from outbox.services import is_mail_delayed

register = template.Library()


@register.simple_tag
def mail_is_delayed() -> bool:
    """True if the mail server refuses mails at the moment. One statement."""
    return is_mail_delayed()
