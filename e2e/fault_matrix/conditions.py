"""What was once measured with the clients that libraries bring, and the rows that show it here.

Conditions of a network and of Stripe, in the order in which they were found; a test holds
that each has its rows, and that no row stands outside of them.
"""

CONDITIONS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "Ways that are open: none, HTTP, HTTPS, and SOCKS proxies, encoded passwords, no scheme",
        (
            "no proxy at all",
            "http proxy",
            "proxy without scheme",
            "password encoded",
            "https proxy",
            "socks proxy",
            "socks proxy with password",
            "no proxy that crashes others",
        ),
    ),
    2: (
        "403 to CONNECT",
        (
            "proxy forbids direct is open",
            "proxy forbids",
            "tinyproxy filters",
            "goes around the proxy",
        ),
    ),
    3: (
        "407 to CONNECT: no credentials, wrong ones, or a kind that is not spoken",
        (
            "proxy wants password",
            "proxy refuses password",
            "tinyproxy refuses password",
            "proxy offers ntlm",
        ),
    ),
    4: (
        "302, 405, 500, 502, 503, and 504 to CONNECT",
        (
            "proxy redirects",
            "proxy is a web server",
            "proxy does not find stripe",
            "proxy answers 500",
            "proxy answers 502",
            "proxy cannot reach stripe",
            "proxy answers 504",
        ),
    ),
    5: (
        "The proxy's name is not found",
        ("proxy name unknown", "proxy name for the moment unknown", "proxy name unanswered"),
    ),
    6: ("The proxy refuses connections", ("proxy refuses connections", "proxy unreachable")),
    7: ("The proxy is a black hole", ("proxy drops packets",)),
    8: ("No response to CONNECT, or after it", ("proxy silent", "tunnel silent")),
    9: (
        "The connection ends at CONNECT",
        ("proxy hangs up", "proxy resets", "tunnel reset", "http before tls proxy"),
    ),
    10: (
        "What listens there is no proxy, or one of another kind",
        ("proxy is ssh", "socks is ssh", "socks before http proxy", "http before socks proxy"),
    ),
    11: (
        "https:// for a plain HTTP proxy, and an https:// proxy that is not trusted",
        ("https before plain proxy", "https before patient proxy", "https proxy untrusted"),
    ),
    12: ("The proxy's address is malformed", ("proxy address malformed",)),
    13: (
        "TLS is opened by an authority that is not trusted",
        ("tls opened by proxy", "certificate untrusted", "certificate of another name"),
    ),
    14: ("The same, trusted", ("tls opened and trusted",)),
    15: ("The authority is named in other programs' variables", ("authority named elsewhere",)),
    16: ("The file of authorities is missing or empty", ("bundle removed", "bundle unreadable")),
    17: (
        "Stripe's name is not found",
        ("name unknown", "name for the moment unknown", "name unanswered"),
    ),
    18: (
        "The direct way is refused, black, or cut by a filter",
        (
            "connection refused",
            "packets dropped",
            "network unreachable",
            "handshake silent",
            "handshake reset",
            "http proxy alone",
            "needlessly exempt",
            "needlessly direct",
        ),
    ),
    19: (
        "Old TLS, a portal after CONNECT, no TLS",
        ("old tls", "tunnel leads to portal", "no tls"),
    ),
    20: (
        "The connection ends after the request",
        ("reset before acting", "reset after acting", "closed after acting", "one answer lost"),
    ),
    21: ("No answer", ("no answer", "no answer after acting", "all calls under way")),
    22: ("The answer is cut off", ("answer cut short",)),
    23: ("The answer drips", ("answer drips",)),
    24: (
        "200 with HTML, a redirect, nothing, or half of the JSON",
        ("captive page", "captive redirect", "empty answer", "answer shortened", "garbage"),
    ),
    25: (
        "403 and 503 of a gateway",
        ("block page", "block page behind proxy", "gateway answers 503"),
    ),
    26: (
        "Stripe's own 5xx",
        ("stripe answers 500", "stripe answers 503", "stripe asks for no repeat"),
    ),
    27: ("429", ("stripe answers 429",)),
    28: ("401, and a netrc that replaces the key", ("stripe answers 401", "netrc names stripe")),
    29: ("403 of a restricted key", ("stripe answers 403",)),
    30: ("An object of the other mode", ("object of the other mode",)),
    31: (
        "400 and 409 about the idempotency key",
        ("idempotency error", "stripe answers 400", "stripe answers 409"),
    ),
    32: ("402", ("card refused",)),
    33: (
        "A wrong clock",
        ("certificate not yet valid", "certificate expired", "clock fast"),
    ),
    34: (
        "SOCKS, for which libraries need a package more",
        (
            "socks wants password",
            "socks refuses password",
            "socks cannot reach stripe",
        ),
    ),
    35: (
        "Sign-in pages in place of a tunnel",
        ("proxy answers with page", "page in the tunnel", "proxy asks for sign in"),
    ),
    36: (
        "A chain of proxies, the second of which requires a password",
        ("second proxy wants password",),
    ),
    37: (
        "Authorities that have expired, are too weak or are not CAs",
        (
            "authority expired",
            "certificate weak",
            "authority weak",
            "authority without constraints",
        ),
    ),
    38: (
        "Other files and certificates in the bundle",
        ("issuing authority trusted", "bundle binary", "bundle joined"),
    ),
    39: (
        "Names with a silent address, or a search domain that answers for all",
        ("first address silent", "search domain with wildcard"),
    ),
    40: (
        "Settings as people paste them",
        (
            "password in latin 1",
            "no proxy as pasted",
            "proxy is a word",
            "proxy is a pac file",
            "proxy without brackets",
        ),
    ),
    41: ("Proxies with a hundred headers, or interim responses", ("many headers",)),
    42: ("A pooled connection that closes at the moment of use", ("kept connection ends",)),
}
