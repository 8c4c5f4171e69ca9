"""Search: what is found, for whom, in what order, and how it is shown."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog import page_cache
from catalog.indexing.banks import reindex_bank
from catalog.indexing.words import indexed
from catalog.models import BankText, QuestionText, SearchTrigram, SearchWord, TestBank
from catalog.search.finding import find_banks, find_questions
from catalog.services import put_on_sale, revoke_access, withdraw
from conftest import NOON

pytestmark = pytest.mark.pages


@pytest.fixture
def shop(make_bank):
    """Four banks on sale that search knows."""
    texts = {
        "git": ("Git and version control", "Branches, merges and the reflog.", ""),
        "sql": ("SQL for analysts", "Joins and queries.", "A chapter on branching logic."),
        "cpp": ("C++ in depth", "Templates, moves and the naïve copy.", ""),
        "first-aid": ("Erste Hilfe im Büro", "Stürze, Schnitte, Verbrennungen.", ""),
    }
    banks = {}
    for slug, (title, summary, description) in texts.items():
        texts_of_bank = {"title": title, "summary": summary, "description": description}
        banks[slug] = make_bank(slug, questions=1, **texts_of_bank)
        reindex_bank(test_bank=banks[slug], at=NOON)
    return banks


def found(typed, **options):
    return [hit.slug for hit in find_banks(typed, **options).hits]


FOUND = {
    "git": ["git"],
    "GIT version": ["git"],
    "branch": ["git", "sql"],  # the plural, and a word that begins with it
    "queries": ["sql"],
    "query": ["sql"],
    "bran": ["git", "sql"],
    "c++": ["cpp"],
    "naive": ["cpp"],
    "buro": ["first-aid"],
    "BÜRO": ["first-aid"],
    "schnitt": ["first-aid"],
    "git sturze": [],
}


def test_banks_are_found_by_words_plurals_beginnings_and_without_marks(shop):
    hits = {typed: find_banks(typed) for typed in FOUND}
    assert {
        typed: sorted(hit.slug for hit in hits.hits if not hits.is_partial)
        for typed, hits in hits.items()
    } == FOUND


def test_mistyped_words_are_forgiven_and_what_was_meant_is_told(shop):
    meant = {
        "gti merges": ("git", ""),
        "brnaches": ("git", "branches"),
        "templtes": ("cpp", "templates"),
        "verbrenungen": ("first-aid", "verbrennungen"),
        "analsyts sql": ("sql", "analysts"),
    }
    hits = {typed: find_banks(typed) for typed in meant}
    assert {typed: hits.hits[0].slug for typed, hits in hits.items()} == {
        typed: slug for typed, (slug, _word) in meant.items()
    }
    assert [
        typed for typed, (_slug, word) in meant.items() if word not in hits[typed].instead
    ] == []


def test_words_that_no_bank_has_together_show_those_that_have_some(shop):
    hits = find_banks("reflog joins")
    assert {hit.slug for hit in hits.hits} == {"git", "sql"}
    assert hits.is_partial


def test_a_word_in_the_title_counts_more(shop, make_bank):
    for slug, title, summary in (("x", "Cooking", "git git git"), ("y", "Git", "cooking")):
        reindex_bank(test_bank=make_bank(slug, title=title, summary=summary), at=NOON)
    assert found("git")[-1] == "x"


ODD = ["", "   ", '"', "'", "*", "a*b", "NOT", "AND OR", "title:git", "git'; --", "\\", ":*", "&|!",
       "(", "git)", "\x00", "😀", "git -reflog", "{title}", "^git", "ü" * 300, "a " * 500, "%", "_"]  # fmt: skip


def test_whatever_is_typed_is_words_and_no_query_language(client, shop):
    statuses = {typed: client.get("/search/", {"q": typed}).status_code for typed in ODD}
    assert statuses == dict.fromkeys(ODD, 200)
    for typed in ODD:
        find_banks(typed)


def test_a_withdrawn_bank_and_a_draft_are_not_found(shop):
    withdraw(test_bank=shop["git"], at=NOON)
    assert found("reflog") == []
    put_on_sale(test_bank=shop["git"], at=NOON)
    assert found("reflog") == ["git"]
    # Also where the index is behind.
    TestBank.objects.filter(slug="git").update(status="draft")
    assert found("reflog") == []


def test_a_bank_is_found_by_its_new_words_and_not_by_its_old_ones(shop):
    bank = shop["git"]
    bank.title, bank.summary = "Mercurial", "Bookmarks."
    bank.save()
    reindex_bank(test_bank=bank, at=NOON)
    assert found("mercurial") == ["git"]
    assert found("reflog") == []


def test_a_text_that_is_changed_in_place_is_found_by_its_new_words(shop):
    BankText.objects.filter(test_bank=shop["git"]).update(title="quokka", body="")
    assert found("quokka") == ["git"]
    assert found("reflog") == []


def test_found_words_are_marked_and_markup_is_words(make_bank):
    bank = make_bank("x", title="<b>Git</b> & more", summary="<script>alert(1)</script> gits")
    reindex_bank(test_bank=bank, at=NOON)
    hit = find_banks("git").hits[0]
    assert hit.title == "&lt;b&gt;<mark>Git</mark>&lt;/b&gt; &amp; more"
    assert hit.excerpt == "&lt;script&gt;alert(1)&lt;/script&gt; <mark>gits</mark>"


def test_pages_of_search_follow_each_other(make_bank, client):
    for number in range(23):
        reindex_bank(
            test_bank=make_bank(f"b{number}", questions=1, title=f"Linux {number}"), at=NOON
        )
    first, second = find_banks("linux"), find_banks("linux", page=2)
    assert (len(first.hits), first.has_more) == (20, True)
    assert (len(second.hits), second.has_more) == (3, False)
    assert len({hit.slug for hit in (*first.hits, *second.hits)}) == 23
    assert "page=2" in client.get("/search/?q=linux").text
    for odd in ("0", "x", "-3", "9" * 40, "²"):
        assert client.get(f"/search/?q=linux&page={odd}").status_code == 200


@pytest.mark.parametrize("banks", [1, 3])
def test_a_search_costs_two_statements(client, make_bank, banks):
    for number in range(banks):
        reindex_bank(test_bank=make_bank(f"b{number}", title="Linux"), at=NOON)
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/search/?q=linux").text.count('class="hits__title"') == banks
    assert len(asked) == 2


def test_a_found_bank_is_linked(client, shop):
    assert f'href="{reverse("catalog:detail", args=["git"])}"' in client.get("/search/?q=git").text


def test_nothing_found_helps_on(client, shop):
    text = client.get("/search/?q=zzzzqqq").text
    assert "No results for “zzzzqqq”" in text
    assert "/categories/software/" in text


@pytest.mark.parametrize(
    ("reader", "offered"), [("en", ["de"]), ("de", ["en"]), ("de-AT", ["en"]), ("ar", ["de", "en"])]
)
def test_search_without_results_names_the_other_languages(client, shop, reader, offered):
    TestBank.objects.filter(slug="first-aid").update(language="de")
    page_cache.clear()
    text = client.get("/search/?q=zzzzqqq", headers={"accept-language": reader}).text
    assert re.findall(r'href="/banks/\?language=(\w+)"', text) == offered


def test_search_in_a_shop_with_one_language_names_no_other(client, shop):
    assert "?language=" not in client.get("/search/?q=zzzzqqq").text


# Questions of one's own banks


@pytest.fixture
def owned(owner, test_bank):
    reindex_bank(test_bank=test_bank, at=NOON)
    return owner


def questions(typed, learner):
    return find_questions(typed, learner=learner, at=timezone.now()).hits


def test_an_owner_finds_questions_and_nobody_else_does(owned, learner, seller, client):
    hits = questions("question 3", owned)
    assert hits
    assert hits[0].place.test_bank.title == "Bank git"
    assert questions("question 3", learner) == questions("question 3", seller) == []
    assert "Questions in your test banks" not in client.get("/search/?q=question").text
    client.force_login(owned)
    assert "Questions in your test banks" in client.get("/search/?q=question").text


def test_questions_of_other_banks_stay_hidden(owned, make_bank):
    other = make_bank("other")
    reindex_bank(test_bank=other, at=NOON)
    assert {hit.place.test_bank.slug for hit in questions("question", owned)} == {"git"}


@pytest.mark.parametrize("end", ["revoke", "expire"])
def test_an_access_that_ended_finds_nothing(owned, end):
    access = owned.accesses.get()
    if end == "revoke":
        revoke_access(access=access, reason="refund", at=NOON)
    else:
        access.expires_at = access.starts_at + timedelta(seconds=1)
        access.save()
    assert questions("question", owned) == []


def test_no_explanation_and_no_feedback_is_searched(owned, test_bank):
    texts = " ".join(QuestionText.objects.values_list("body", flat=True))
    for place in test_bank.bank_questions.select_related("question__current"):
        content = place.question.current.content
        hidden = [content["explanation"], *(choice["feedback"] for choice in content["choices"])]
        assert any(text["source"] for text in hidden)
        for text in hidden:
            assert not text["source"] or indexed(text["source"]) not in texts


@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 302), ("learner", 404), ("seller", 404), ("owner", 200)]
)
def test_a_found_question_opens_for_its_owner_alone(client, request, test_bank, owner, who, status):
    place = test_bank.bank_questions.first()
    address = f"/banks/git/questions/{place.question.public_id}/"
    if who != "anonymous":
        client.force_login(request.getfixturevalue(who))
    for response in (client.get(address), client.post(address, {"choice": "b"})):
        assert response.status_code == status


def test_a_found_question_tells_its_key_only_after_an_answer(client, owner, test_bank):
    client.force_login(owner)
    place = test_bank.bank_questions.select_related("question__current").first()
    address = f"/banks/git/questions/{place.question.public_id}/"
    before = client.get(address)
    assert not before.context["item"].is_answered
    right = place.question.current.item.choices[1].id
    after = client.post(address, {"choice": right})
    assert after.context["item"].is_right


def test_known_words_are_stored_once(shop):
    reindex_bank(test_bank=shop["git"], at=NOON)
    assert SearchWord.objects.filter(text="bank", word="reflog").count() == 1
    assert SearchTrigram.objects.filter(word__word="reflog", word__text="bank").count() == 6


def test_short_prefixes_are_found(shop):
    expected = {"gi": ["git"], "BÜ": ["first-aid"], "st": ["first-aid"], "zq": []}
    assert {typed: found(typed) for typed in expected} == expected


def test_a_number_with_a_rest_is_found(make_bank):
    reindex_bank(test_bank=make_bank("odd", title="The case of 19e90e and 1e5"), at=NOON)
    assert [found(typed) for typed in ("19e90e", "19e90", "1e5")] == [["odd"]] * 3


def test_result_tells_its_rating_and_number_of_questions(client, make_bank, at):
    bank = make_bank("radio", title="Radio", questions=4, review_count=2, review_sum=9)
    reindex_bank(test_bank=bank, at=at)
    hit = find_banks("radio").hits[0]
    assert (hit.question_count, hit.review_count, str(hit.average_stars)) == (4, 2, "4.5")
    text = client.get("/search/?q=radio").text
    assert ("4 questions" in text, "<strong>4.5</strong> (2)" in text) == (True, True)
