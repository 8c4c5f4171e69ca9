"""Carry a decided route out: one call, one deadline, one trace."""

from outbound.transport.client import CallFailed, Client
from outbound.transport.connection_pool import Answer
from outbound.transport.resolver import Override, OverrideError, parse_resolve
from outbound.transport.trace import CallRecord, ProxyAnswer, Stage, TLSFacts

__all__ = [
    "Answer",
    "CallFailed",
    "CallRecord",
    "Client",
    "Override",
    "OverrideError",
    "ProxyAnswer",
    "Stage",
    "TLSFacts",
    "parse_resolve",
]
