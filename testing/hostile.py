"""Hostile question files, made in memory: encodings, line ends, depth, endless patterns.

Each format reads, reports or refuses them; none may fail, hang, or import half of one.
"""

GIFT = "Which is a fruit? {=pear ~nail}\n\nSnow is cold. {T}\n"
AIKEN = "Which is a fruit?\nA. pear\nB. nail\nANSWER: A\n"
JSONL = '{"kind": "true_false", "stem": "Snow is cold.", "answer": true}\n'

# Encodings and line ends in which a text is accepted.
WRITINGS = {
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "mixed line ends": lambda text: text.replace("\n", "\r\n", 1).encode(),
    "utf-8 with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "utf-16, little end first": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16, big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "blank lines around": lambda text: b"\n \n\t\n" + text.encode() + b"\n\n",
}

NOT_TEXT = "This file is not valid UTF-8 text. Save it as UTF-8."
BINARY = "This is a binary file, not a text file."
# Content that is rejected, with the message.
REFUSED = {
    "cp1252": ("Ca\xf1on? {=S\xed ~No}\n".encode("cp1252"), NOT_TEXT),
    "a lone continuation byte": (b"Which\x80? {=a ~b}\n", NOT_TEXT),
    "an overlong slash": (b"Which\xc0\xaf? {=a ~b}\n", NOT_TEXT),
    "half of a surrogate pair": (b"Which\xed\xa0\x80? {=a ~b}\n", NOT_TEXT),
    "a NUL": (b"Which\x00? {=a ~b}\n", BINARY),
}

ROWS = 20_000
# Input for catastrophic backtracking, and for deep recursion.
ENDLESS = {
    **{f"many {sign}": (sign * ROWS).encode() for sign in "{}=~:\\#%$<[(*_`|"},
    "deep braces": b"What? " + b"{" * ROWS + b"=a" + b"}" * ROWS,
    "deep brackets": b'{"stem": ' + b"[" * ROWS + b"]" * ROWS + b"}",
    "one long word": b"a" * 500_000,
    "spaces before a sign": b" " * ROWS + b"=" + b" " * ROWS + b"}",
    "choices without end": b"What?\n" + b"A. a\n" * ROWS,
    "empty lines": b"\n" * ROWS,
    "backslashes before a brace": b"What? {" + b"\\" * ROWS + b"}",
}

# Other file formats, uploaded by mistake.
STRANGE = {
    "nothing": b"",
    "a page": b"<!doctype html><title>Sign in</title><p>Session expired.",
    "a zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(256)),
    "a letter": "Dear all,\n\nplease find the questions attached.\n\nBest, אביגיל 🙂\n".encode(),
    "a table": b"question;a;b;right\nWhich is a fruit?;pear;nail;a\n",
}


def all_files() -> dict[str, bytes]:
    """Return every file by its name."""
    refused = {name: content for name, (content, _reason) in REFUSED.items()}
    return {**refused, **ENDLESS, **STRANGE}
