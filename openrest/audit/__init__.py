"""Who has written what: an entry for each write, in a datastore of its own."""

from openrest.audit.entries import AuditEntry
from openrest.audit.trail import AuditTrail

__all__ = ["AuditEntry", "AuditTrail"]
