"""Django's German formats, with a no-break space after the day: no line ends with "30."."""

DATE_FORMAT = "j.\u00a0F Y"
DATETIME_FORMAT = "j.\u00a0F Y H:i"
MONTH_DAY_FORMAT = "j.\u00a0F"
