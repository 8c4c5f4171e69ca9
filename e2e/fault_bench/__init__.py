"""The fault bench: thousands of purchases while everything around them breaks, then the count.

`python -m e2e.fault_bench` (`make faults`). `schedule.py` says from a seed who does what and
what breaks when; `buyers.py` and `trouble.py` do it to the shop of `shop.py`; `books.py` reads
what the shop and the sandbox have written down, `counting.py` holds one against the other.
"""
