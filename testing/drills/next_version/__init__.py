"""The outbox's migrations of a version to come: those of today and two more."""

from outbox import migrations

__path__ = [*migrations.__path__, *__path__]
