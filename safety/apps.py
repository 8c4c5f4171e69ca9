"""The app config of safety."""

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    """What every app needs to defend itself: client address, rate limits, security log."""

    name = "safety"
