"""Cells of CSV files that spreadsheets open. Apart from views, since several apps write such files."""

# What makes spreadsheets run a cell as a formula, also in full width. Source: OWASP, CSV injection.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def cell(value: str) -> str:
    """Return a cell that no spreadsheet runs as a formula. A number stays as it is."""
    is_number = value.removeprefix("-").replace(".", "", 1).isdecimal()
    return value if is_number or not value.startswith(FORMULA_STARTS) else f"'{value}"
