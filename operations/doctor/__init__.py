"""`manage.py doctor`: how Stripe is reached from here, what is wrong, and the line that mends it.

`examination.py` composes; `configuration.py`, `environment.py` and `path.py` hold the checks
of a group each, `remedy.py` what would mend a fault, `report.py` the shapes. Printing is the
command's. The database is never asked, so all of this works without one.
"""
