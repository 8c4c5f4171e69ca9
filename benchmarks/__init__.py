"""What the site costs, beside the least that the same work can cost. See docs/performance.md.

A program of its own (`make bench`): it starts the shipped server, a bare counterpart and the
databases, and touches nothing of a real site. Nothing imports it.
"""
