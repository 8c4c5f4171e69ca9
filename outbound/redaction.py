"""Masking what must not be read: keys, passwords in addresses, authorisation headers.

Types that hold secrets mask themselves; `scrub` is the net below them, for text on its way
to a log, a page or a report.
"""

import re

MASK = "***"
LAST_SHOWN = 4
LEAST_HIDDEN = 4

KEY = re.compile(
    r"\b([srp]k_(?:live|test|sandbox)_|[srp]k_(?=[A-Za-z0-9]{8})|whsec_)([A-Za-z0-9+/=_-]+)"
)
# The lengths are bounded so that the time stays linear in the text.
ADDRESS_PASSWORD = re.compile(r"(//[^\s/@:\"]{0,200}):[^\s\"]{0,400}@")
BARE_PASSWORD = re.compile(
    r"(?<![\w/])([\w.%+-]{1,200}):[^\s\"/]{1,400}@(?=[\w.\-\[\]:]{1,255}:\d)"
)
HEADER = re.compile(
    r"""\b((?:proxy-)?authorization|stripe-signature)  # the name
    (["']?\s*[:=,]\s*(?:b(?=["']))?)                               # as a header, a mapping or a pair
    (?:"[^"\r\n]*"|'[^'\r\n]*'|[^\r\n]*)""",
    re.IGNORECASE | re.VERBOSE,
)


def mask_url(url: str) -> str:
    """The address with `***` for its password, also where that is not percent-encoded.

    All up to the last `@` is taken for the user and the password: too much is masked
    rather than too little.
    """
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    credentials, at, host = rest.rpartition("@")
    if not at:
        return url
    user, colon, _password = credentials.partition(":")
    return f"{scheme}{mark}{user + colon if colon else ''}{MASK}@{host}"


def scrub(text: str) -> str:
    """The text without API keys, passwords in addresses, and authorisation headers.

    A key keeps its prefix and its last four characters, so that it can be told from others.
    """
    text = HEADER.sub(rf"\1\2{MASK}", text)
    text = KEY.sub(_fingerprint, text)
    if "@" not in text:
        return text
    text = ADDRESS_PASSWORD.sub(rf"\1:{MASK}@", text)
    return BARE_PASSWORD.sub(rf"\1:{MASK}@", text)


def _fingerprint(key: re.Match[str]) -> str:
    prefix, secret = key.groups()
    shown = secret[-LAST_SHOWN:] if len(secret) >= LAST_SHOWN + LEAST_HIDDEN else ""
    return f"{prefix}…{shown}"
