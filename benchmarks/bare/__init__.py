"""The bare counterpart of the shop: the least that Django can do for the same pages.

No middleware, one statement a page, on the shop's own database and server settings. It is
what our figures are held against, and no example of how to write a page.
"""
