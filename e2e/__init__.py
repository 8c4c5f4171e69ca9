"""End-to-end tests: a whole running site, with browsers, proxies and processes that die."""
