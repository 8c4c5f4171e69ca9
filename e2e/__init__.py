"""Whole stories on a running site, as a person lives them: browser, proxies, files."""
