"""The kinds of fault that public reports, real files and real networks showed, and their tests.

The first test of a kind has the case that was reported, or one of the same shape; the others, and
the further rows of parametrized tests, are its neighbors.
"""

import ast
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

GIFT = "questions/tests/formats/test_gift.py"
AIKEN = "questions/tests/formats/test_aiken.py"
FOREIGN = "questions/tests/formats/test_foreign.py"
REPORTS = "questions/tests/test_answers_from_reports.py"
SPELLINGS = "questions/tests/test_normalization.py"
NUMBERS = "questions/tests/test_numbers.py"
CORRECTING = "catalog/tests/importing/test_correcting.py"
QUESTION = "practice/tests/test_question.py"
PRICES = "catalog/tests/test_price_rules.py"
FOREIGN_EVENTS = "payments/tests/flows/test_foreign_events.py"
FOREIGN_OBJECTS = "payments/tests/flows/test_foreign_objects.py"
PROXY_ADDRESS = "outbound/tests/test_proxy_address.py"
PORTALS = "outbound/tests/test_captive_portals.py"
CERTIFICATES = "outbound/tests/test_certificates.py"
ENVIRONMENT = "testbank/tests/test_environment.py"

KINDS = {
    "F1: an answer begins with % and is no weight": {
        GIFT: "percent_sign_in_answer percent_signs_around_a_number_are_a_weight "
        "weight_after_the_sign_of_a_right_choice_belongs_to_it_as_in_moodle"
    },
    "F3: a choice or a word of the stem is an HTML tag": {
        GIFT: "choice_that_is_an_html_tag_is_shown_as_text tag_name_in_stem_is_shown "
        "html_tag_shown_as_text_is_reported empty_choice_of_an_editor_is_an_error "
        "name_of_the_image_tag_is_no_image"
    },
    "F5: formulas as Moodle writes them": {
        GIFT: "formula_is_set_in_html_and_unmarked_texts unreadable_formula_is_a_warning",
        AIKEN: "formula_between_moodle_delimiters_is_rendered",
        "questions/tests/test_text.py": "formulas_between_delimiters_are_harmless",
    },
    "F5: line breaks survive": {
        "questions/tests/test_text.py": "line_breaks_of_an_unmarked_text_survive"
    },
    "F6: a line after ANSWER": {
        AIKEN: "unknown_line_after_answer unknown_line_after_last_answer "
        "feedback_after_the_answer_is_the_explanation "
        "feedback_after_the_last_answer_is_its_explanation"
    },
    "F7: a corrected file is imported again": {
        CORRECTING: "gift_with_explanations_and_a_markup_corrects "
        "what_was_added_to_a_question_arrives key_is_corrected_by_the_authors_id "
        "stem_is_corrected_by_the_authors_id same_file_twice_changes_nothing"
    },
    "F8: a file of another format": {
        FOREIGN: "file_of_another_format_is_named json_that_is_not_json_lines_is_named "
        "table_is_named foreign_format_by_file_name supported_file_is_not_foreign"
    },
    "F: stored questions that show nothing or bare TeX": {
        "catalog/tests/importing/test_render_questions.py": "lint_finds_the_question_until_it_is_rendered_anew dry_run_changes_nothing"
    },
    "G1: typographic apostrophes, quotation marks, hyphens, dashes": {
        REPORTS: "answer_is_correct",
        SPELLINGS: "all_apostrophes_are_equal all_quotation_marks_are_equal "
        "hyphens_dashes_and_minus_signs_are_equal two_hyphens_equal_a_dash "
        "compatibility_characters_are_equal",
    },
    "G3: characters that nobody sees": {
        REPORTS: "answer_is_correct",
        SPELLINGS: "invisible_characters_are_ignored tatweel_is_ignored "
        "any_white_space_equals_one_space",
        NUMBERS: "invisible_characters_are_ignored",
    },
    "G5: thousands and decimals by the page's language": {
        REPORTS: "thousands_are_read_as_the_page_writes_them ambiguous_answer_is_asked_for_again",
        NUMBERS: "one_separator_before_three_digits_is_read_in_both_ways "
        "verdict_is_consistent_across_languages unambiguous_number_is_equal_in_every_language "
        "digits_and_decimal_signs_of_every_script_are_read",
    },
    "G7: a keypad that has a minus": {
        "questions/tests/test_response_parsing.py": "number_field_uses_a_keyboard_with_a_minus",
        NUMBERS: "every_minus_character_is_read",
    },
    "G8: an answer sent after the sign-in has ended": {
        QUESTION: "answer_sent_while_signed_out_stands_in_the_form_after_the_sign_in "
        "answer_sent_while_signed_out_is_shown_on_no_other_page "
        "answer_sent_while_signed_out_is_not_shown_to_somebody_else"
    },
    "G9: every sentence is translated": {
        "testbank/tests/test_translations.py": "message_files_are_complete"
    },
    "G10: a second tab answers": {
        QUESTION: "second_answer_changes_nothing_and_is_told_so "
        "same_answer_twice_is_no_second_answer",
        "practice/tests/test_journal.py": "other_answer_to_answered_question_is_kept",
    },
    "G: answers judged before are judged again, upward only": {
        "practice/tests/test_regrading.py": "answer_that_is_correct_by_better_rules_rises "
        "answer_never_falls_and_stays_where_it_cannot_be_judged"
    },
    "M1: prices that Stripe does not take": {
        PRICES: "price_that_stripe_refuses_is_told_with_its_rule "
        "price_that_stripe_takes_has_no_problem bank_at_a_refused_price_does_not_go_on_sale "
        "import_at_a_refused_price_writes_nothing",
        "payments/tests/views/test_checkout.py": "price_that_stripe_does_not_accept_is_refused_without_a_call",
    },
    "M2: the webhook without its last slash": {
        "payments/tests/views/test_webhook.py": "address_without_its_last_slash_answers_the_same"
    },
    "M3: events of other programs, and of older API versions": {
        FOREIGN_EVENTS: "foreign_session_does_not_need_a_person foreign_refund_or_dispute_does_not_need_a_person "
        "foreign_charge_does_not_need_a_person setup_session_without_an_amount_does_not_need_a_person "
        "paid_event_of_an_older_version_is_enough incomplete_event_is_handled_after_payment"
    },
    "M: sessions and disputes of others during a retry or a reconciliation": {
        FOREIGN_OBJECTS: "foreign_session_does_not_disturb_the_retry_of_a_lost_order "
        "unreadable_session_of_an_order_is_an_incident "
        "run_continues_after_a_dispute_unknown_to_the_account "
        "run_that_did_not_reach_stripe_is_not_finished"
    },
    "M: a kept connection is closed at the moment of use": {
        "outbound/tests/test_client.py": "pooled_connection_closed_at_request_is_retried"
    },
    "N1: credentials reach the proxy byte for byte": {
        "outbound/tests/test_http_tunnel.py": "credentials_reach_the_proxy_byte_for_byte "
        "credentials_reach_a_socks_proxy_byte_for_byte",
        PROXY_ADDRESS: "credentials_are_kept_byte_for_byte",
    },
    "N3: captive portals": {
        PORTALS: "portal_cause_with_page_title a_portal_on_the_far_sides_own_port "
        "511_within_tls_is_a_portal_too titles_are_read_in_their_own_encoding_and_masked"
    },
    "N: the second proxy of a chain": {
        PORTALS: "second_proxy_requires_credentials the_second_proxy_is_found_by_asking_the_first "
        "first_proxy_requires_credentials"
    },
    "N6: an authority has expired": {
        CERTIFICATES: "expired_authority expired_certificate_suggests_clock "
        "expired_chain_suggests_clock"
    },
    "N7: the bundle holds an issuing CA, or the certificate itself": {
        CERTIFICATES: "ca_bundle_with_any_certificate_of_chain "
        "ca_bundle_with_server_certificate_and_other_name "
        "ca_bundle_with_other_certificate_of_same_authority",
        "outbound/tests/test_ca_bundle.py": "unusable_file_is_named_by_kind",
    },
    "N9: the first address is silent": {
        "outbound/tests/test_happy_eyeballs.py": "a_silent_first_address_costs_300_ms_at_most "
        "first_address_of_proxy_silent two_silent_addresses_cost_twice_as_much "
        "first_address_refuses"
    },
    "N10: weak and invalid certificates": {
        CERTIFICATES: "a_weak_or_invalid_certificate_is_named https_proxy_certificate_fault"
    },
    "N11: many headers, and any 1xx, before the tunnel opens": {
        "outbound/tests/test_http_tunnel.py": "connect_accepted connect_refused_or_unreadable"
    },
    "N12: words and addresses that name no proxy": {
        PROXY_ADDRESS: "invalid_address correction_only_if_certain invalid_host"
    },
    "N: a search domain with a wildcard": {
        "outbound/tests/test_resolver.py": "wildcard_search_domain_is_not_used "
        "wildcard_search_domain_with_unknown_name proxy_name_with_search_domain"
    },
    "N: NO_PROXY as people write it": {
        "outbound/tests/test_no_proxy.py": "decides_as_meant "
        "warning_for_entry_that_clients_read_differently "
        "entries_of_both_spellings_and_both_sources_are_united"
    },
    "N: names and files of .env": {
        ENVIRONMENT: "misspelled_name_is_reported env_file_in_other_encoding unreadable_env_file",
        "operations/tests/doctor/test_env_file.py": "owner_and_mode_stay_whoever_writes",
    },
    "N: no advice that was not tried": {
        "operations/tests/doctor/test_runner.py": "doctor_suggests_no_route_that_failed "
        "doctor_without_working_route"
    },
    "Lines of outdated guides": {
        "testbank/tests/test_pasted_lines.py": "pasted_line_is_reported_with_replacement"
    },
}


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((Path(settings.BASE_DIR) / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_tests_that_it_names(kind):
    named = [(path, name) for path, names in KINDS[kind].items() for name in names.split()]
    assert [one for one in named if f"test_{one[1]}" not in names_in(one[0])] == []
