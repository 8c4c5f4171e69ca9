"""The fault bench: thousands of purchases while processes and Stripe fail, and then an audit.

`make faults` runs `python -m e2e.fault_bench`. From one seed, `schedule.py` decides what each
buyer does and what fails when. `buyers.py` and `process_kills.py` carry that out on the site of
`deployment.py`. `invariants.py` compares the ledgers of the site and of the sandbox.
"""
