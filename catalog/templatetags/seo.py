"""Addresses as others must see them, for the head of a page."""

from django import template

from catalog.seo import absolute

register = template.Library()
register.simple_tag(absolute)
