"""A generated bank of 360 questions as an Aiken file."""

QUESTIONS = 360
CHOICES = 4


def key_of(number: int) -> int:
    """Return the index of the correct choice of question `number`."""
    return number * number % 7 % CHOICES


def long_bank() -> str:
    """Return the file. Every question asks for a product, with distinct choices."""
    return "\n".join(_question(number) for number in range(1, QUESTIONS + 1))


def _question(number: int) -> str:
    left, right = number + 1, number % 9 + 2
    key = key_of(number)
    choices = [left * right + (place - key) * left for place in range(CHOICES)]
    labelled = [f"{letter}. {choice}" for letter, choice in zip("ABCD", choices, strict=True)]
    return "\n".join([f"What is {left} × {right}?", *labelled, f"ANSWER: {'ABCD'[key]}", ""])
