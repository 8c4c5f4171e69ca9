"""What Django's Arabic formats leave out: a date with its time is in the American order otherwise."""

DATETIME_FORMAT = "j F، Y، g:i A"
SHORT_DATETIME_FORMAT = "d\u200f/m\u200f/Y، g:i A"
