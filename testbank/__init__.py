"""The Django project: settings, URLs, and what belongs to no app."""

__version__ = "0.1.0"
