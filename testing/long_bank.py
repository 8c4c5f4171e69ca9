"""A bank of 360 questions as an Aiken file: what a seller uploads, made by a rule."""

QUESTIONS = 360
CHOICES = 4


def key_of(number: int) -> int:
    """The place of the correct choice of question `number`, counted from 0."""
    return number * number % 7 % CHOICES


def long_bank() -> str:
    """The file: every question asks for one product, and every choice is another number."""
    return "\n".join(_question(number) for number in range(1, QUESTIONS + 1))


def _question(number: int) -> str:
    left, right = number + 1, number % 9 + 2
    key = key_of(number)
    choices = [left * right + (place - key) * left for place in range(CHOICES)]
    labelled = [f"{letter}. {choice}" for letter, choice in zip("ABCD", choices, strict=True)]
    return "\n".join([f"What is {left} × {right}?", *labelled, f"ANSWER: {'ABCD'[key]}", ""])
