"""Names of browsers in templates."""

from django import template

from accounts.user_agents import browser_name

register = template.Library()
register.filter(browser_name)
