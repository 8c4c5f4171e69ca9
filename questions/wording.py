"""Sentences in the language of the reader, for modules that do not import Django.

Items and grading run without it (`questions/tests/test_items.py`). Django's translation is put in
when the app is ready; before that, sentences stay in English.
"""

from collections.abc import Callable


def _in_english(number: int) -> str:
    return f"{number:,}"


_translate: Callable[[str], str] = str
_group: Callable[[int], str] = _in_english


def use(translate_text: Callable[[str], str], group_digits: Callable[[int], str]) -> None:
    """Translate sentences and group digits with these functions from now on."""
    global _translate, _group
    _translate, _group = translate_text, group_digits


def translate(text: str) -> str:
    """Return the sentence in the active language. Import it as `_`, so that it is extracted."""
    return _translate(text)


def grouped(number: int) -> str:
    """Return the number with the separator of thousands of the active language."""
    return _group(number)
