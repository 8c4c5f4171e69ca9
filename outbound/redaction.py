"""Redaction of secrets: keys, passwords in URLs, and authorization headers.

Types that hold secrets mask themselves; `scrub` is the last step for text on its way to a
log, a page or a report.
"""

import re

MASK = "***"
SHOWN_CHARACTERS = 4
HIDDEN_CHARACTERS = 4

KEY = re.compile(
    r"\b([srp]k_(?:live|test|sandbox)_|[srp]k_(?=[A-Za-z0-9]{8})|whsec_)([A-Za-z0-9+/=_-]+)"
)
# Client secrets and ephemeral keys of Stripe.
CLIENT_SECRET = re.compile(r"\b((?:pi|seti|cs|src)_\w{4,200}_secret_)\w+")
EPHEMERAL_KEY = re.compile(r"\b(ek_(?:live|test)_)\w+")
# The value of Stripe-Signature, without its name.
SIGNATURE = re.compile(r"\bt=\d{6,12}(?:,v\d=[0-9a-fA-F]+)+")
# PASSWORD=…, 'password': '…', "api_token": "…". Not a colon in a sentence.
NAMED = re.compile(
    r"""(\b(?:\w{0,40}(?:password|passphrase|passwd)|\w{1,40}_token)(?:=|["']\s{0,3}[:=]\s{0,3}))
    (?:"[^"\r\n]*"|'[^'\r\n]*'|[^\s,;&)}\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# http://TOKEN@proxy: a username without a password is a token.
ADDRESS_TOKEN = re.compile(r"(//)[^\s/@:\"']{1,400}@")
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
    """Return the address with `***` for its password, also where it is not percent-encoded.

    Everything before the last `@` counts as user and password: mask too much rather than
    too little.
    """
    url = printable(url)
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    credentials, at, host = rest.rpartition("@")
    if not at:
        return url
    user, colon, _password = credentials.partition(":")
    return f"{scheme}{mark}{user + colon if colon else ''}{MASK}@{host}"


def scrub(text: str) -> str:
    """Return the text without API keys, passwords in addresses, and authorization headers.

    A key keeps its prefix and its last four characters, so that it can be told from others.
    """
    text = HEADER.sub(rf"\1\2{MASK}", printable(text))
    text = KEY.sub(_fingerprint, text)
    text = CLIENT_SECRET.sub(rf"\1{MASK}", text)
    text = EPHEMERAL_KEY.sub(rf"\1{MASK}", text)
    text = SIGNATURE.sub(MASK, text)
    text = NAMED.sub(rf"\1{MASK}", text)
    if "@" not in text:
        return text
    text = ADDRESS_PASSWORD.sub(rf"\1:{MASK}@", text)
    text = ADDRESS_TOKEN.sub(rf"\1{MASK}@", text)
    return BARE_PASSWORD.sub(rf"\1:{MASK}@", text)


def printable(text: str) -> str:
    """Return the text in a form that UTF-8 can write.

    Python keeps bytes of the environment that are no UTF-8 as lone surrogates, and fails
    when it prints them.
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _fingerprint(key: re.Match[str]) -> str:
    prefix, secret = key.groups()
    shown = (
        secret[-SHOWN_CHARACTERS:] if len(secret) >= SHOWN_CHARACTERS + HIDDEN_CHARACTERS else ""
    )
    return f"{prefix}…{shown}"
