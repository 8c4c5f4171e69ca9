"""What the desk does: each a verb that owns its transaction and writes the audit log."""
