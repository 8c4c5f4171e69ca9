"""Words that we gave up, and sentences that cannot be translated. docs/writing.md has the rules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbank.tests.test_translations import sentences

ROOT = Path(__file__).resolve().parents[2]
GIVEN_UP = (
    "aside",
    "behaviour",
    "by itself",
    "cancelled",
    "colour",
    "e-mail",
    "for good",
    "fulfil",
    "go on",
    "goes on",
    "gone around",
    "licence",
    "mails",
    "mend",
    "mended",
    "mends",
    "middling",
    "not right",
    "paid back",
    "pay back",
    "practise",
    "practised",
    "practising",
    "put away",
    "shall",
    "stands",
    "telephone",
    "to begin with",
    "under way",
    "way to stripe",
)
# A given-up word may appear in these sentences.
EXCEPTIONS: frozenset[str] = frozenset()
# docs/writing.md itself names the words that we gave up.
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / ".env.example")
    if path.name != "writing.md"
)
NOT_SHOWN = re.compile(
    r"\{% comment.*?endcomment %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<[^>]*>", re.DOTALL
)
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
TRANSLATED = re.compile(r"\{% translate (?:\"([^\"]*)\"|'([^']*)').*?%\}")
# Modules whose words appear on pages. Commands and the doctor speak English only.
SHOWN = re.compile(
    r"/(views|forms|admin|models|reviews|linting|formats|formulas|items|importing"
    r"|payment_health|refund_forms)\b"
)
SENTENCE = re.compile(r"[A-Z][a-z’']+ [a-z]+ [a-z]+.*[.?:]$")


def given_up(text: str) -> list[str]:
    lower = " ".join(re.sub(r"%\(\w+\)[sd]", " ", text).lower().split())
    return [word for word in GIVEN_UP if re.search(rf"(?<![\w-]){word}(?![\w-])", lower)]


def shown_in(template: str) -> str:
    return NOT_SHOWN.sub(" ", TRANSLATED.sub(r" \1\2 ", template))


def templates() -> Iterator[Path]:
    for folder in ("templates", *(path.name for path in ROOT.iterdir() if path.is_dir())):
        top = ROOT / folder if folder == "templates" else ROOT / folder / "templates"
        yield from (each for each in sorted(top.rglob("*")) if each.suffix in {".html", ".txt"})


def test_at_most_thirty_words_are_given_up():
    assert len(GIVEN_UP) <= 30


def test_messages_use_no_word_that_we_gave_up():
    texts = {text for message in sentences("de") for text in (*_sources(message.id),)}
    found = {text: given_up(text) for text in texts - EXCEPTIONS if given_up(text)}
    assert found == {}


def test_templates_use_no_word_that_we_gave_up():
    texts = {path: shown_in(path.read_text(encoding="utf-8")) for path in templates()}
    found = {str(path): given_up(text) for path, text in texts.items() if given_up(text)}
    assert found == {}


def test_words_of_translate_tags_are_looked_at():
    assert shown_in('<p>{% translate "Go on" as more %}{% if x %}</p>').split() == ["Go", "on"]


@pytest.mark.parametrize("page", PAGES)
def test_docs_use_no_word_that_we_gave_up(page):
    assert given_up(CODE.sub(" ", (ROOT / page).read_text(encoding="utf-8"))) == []


@pytest.mark.slow
def test_no_sentence_on_a_page_hides_in_an_f_string():
    apps = (
        *("accounts", "backoffice", "catalog", "operations", "payments", "practice"),
        *("questions", "safety", "studio"),
    )
    modules = [path for app in apps for path in sorted((ROOT / app).rglob("*.py"))]
    shown = [path for path in modules if SHOWN.search(str(path)) and "tests" not in path.parts]
    found = [f"{path.relative_to(ROOT)}: {text}" for path in shown for text in _f_sentences(path)]
    assert found == []


def test_a_sentence_in_an_f_string_is_found(tmp_path):
    module = tmp_path / "views.py"
    module.write_text('words = f"Thank you for {title}."\nlog = f"order={order}"\n')
    assert list(_f_sentences(module)) == ["Thank you for …."]


def _sources(source: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(source)


def _f_sentences(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
            )
            if SENTENCE.match(text):
                yield text
