"""Arabic dates as CLDR has them. Without these, Django writes a date with its time in American order."""

DATE_FORMAT = "j\u00a0F\u00a0Y"
DATETIME_FORMAT = "j\u00a0F\u00a0Y، g:i\u00a0A"
MONTH_DAY_FORMAT = "j\u00a0F"
SHORT_DATETIME_FORMAT = "d\u200f/m\u200f/Y، g:i A"
