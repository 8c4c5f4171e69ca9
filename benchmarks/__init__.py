"""Measure what the site costs, against budgets. See docs/performance.md.

A program of its own (`make bench`): it starts the site, a bare Django site and their databases
in temporary folders. Nothing imports it.
"""
