"""Email addresses in templates."""

import pytest

from accounts.templatetags.accounts_tags import breakable


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada.byron@mail.example.org", "ada<wbr>.byron@<wbr>mail<wbr>.example<wbr>.org"),
        ("<b>@example.org", "&lt;b&gt;@<wbr>example<wbr>.org"),
        ("", ""),
        (None, ""),
    ],
)
def test_address_breaks_between_its_parts(address, shown):
    assert breakable(address) == shown
