"""Every fault on the way to Stripe, provoked with real parts: `python -m e2e.fault_matrix`."""
