"""Every command and setting of the manual has a test that shows its effect or its refusal.

The tables name that test. A new setting, `manage.py` command or make target needs a line here.
"""

import importlib.util
import re
import subprocess

import pytest
from django.core.management import get_commands

from testing.parts import ROOT

SETTINGS = """
STRIPE_PUBLIC_KEY              e2e/test_minimal_env_file.py::test_invalid_setting_stops_the_start_with_a_sentence
STRIPE_SECRET_KEY              e2e/test_minimal_env_file.py::test_invalid_setting_stops_the_start_with_a_sentence
STRIPE_WEBHOOK_SECRET          testbank/tests/test_environment.py::test_two_webhook_secrets_during_rotation
STRIPE_ACCOUNT                 payments/tests/flows/test_foreign_objects.py::test_objects_of_another_account_are_not_requested
NO_PROXY                       e2e/test_purchase_behind_proxy.py::test_every_fix_continues_with_the_same_order
HTTPS_PROXY                    e2e/test_recipes.py::test_rules_in_their_order
ALL_PROXY                      e2e/test_recipes.py::test_rules_in_their_order
STRIPE_PROXY                   e2e/test_purchase_behind_proxy.py::test_every_fix_continues_with_the_same_order
STRIPE_CA_BUNDLE               operations/tests/doctor/test_runner.py::test_doctor_with_unknown_authority
STRIPE_DEADLINE                testbank/tests/test_every_setting.py::test_limits_of_calls_to_stripe
STRIPE_CONNECT_TIMEOUT         testbank/tests/test_every_setting.py::test_limits_of_calls_to_stripe
STRIPE_READ_TIMEOUT            testbank/tests/test_every_setting.py::test_limits_of_calls_to_stripe
STRIPE_PROXY_FALLBACK          payments/tests/stripe/test_client.py::test_fallback_bypasses_a_refusing_proxy_and_is_logged
STRIPE_MAX_CALLS               testbank/tests/test_every_setting.py::test_limits_of_calls_to_stripe
STRIPE_RESOLVE                 testbank/tests/test_environment.py::test_resolve_is_refused_with_live_key
STRIPE_API_BASE                operations/tests/doctor/test_runner.py::test_doctor_with_sandbox_on_loopback
CHECKOUT_ORIGIN                testbank/tests/test_middleware.py::test_csp_allows_checkout_on_every_page
SITE_URL                       accounts/tests/test_journeys.py::test_reset_link_never_has_the_host_of_the_request
SITE_NAME                      testbank/tests/test_every_setting.py::test_site_and_its_server
ALLOWED_HOSTS                  safety/tests/test_front_servers.py::test_failed_sign_ins_of_one_visitor_do_not_limit_another
BEHIND_TLS_PROXY               safety/tests/test_response_headers.py::test_plain_http_is_redirected_but_health_checks_are_not
TRUSTED_PROXIES                safety/tests/test_client_address.py::test_middleware_passes_the_address_and_no_header_on
SECRET_KEY                     operations/tests/backup/test_backup.py::test_backup_holds_database_media_and_secret_key
DEBUG                          testbank/tests/test_security_settings.py::test_debug_on_a_public_host_is_refused
STAFF_SECOND_FACTOR            e2e/test_first_hour.py::test_site_does_not_start_without_a_second_factor
STAFF_IDLE_MINUTES             accounts/tests/test_staff.py::test_staff_session_ends
STAFF_SESSION_HOURS            accounts/tests/test_staff.py::test_staff_session_ends
HSTS_SUBDOMAINS                testbank/tests/test_every_setting.py::test_site_and_its_server
SECURITY_EMAIL                 safety/tests/test_response_headers.py::test_security_txt_says_where_to_report
CURRENCY                       catalog/tests/importing/test_import_bank.py::test_title_makes_a_draft
PAGE_CACHE_SECONDS             catalog/tests/test_page_cache.py::test_the_page_cache_can_be_turned_off
NEW_QUESTIONS_PER_HOUR         practice/tests/test_sessions.py::test_new_questions_are_limited_by_the_hour
SERVICE_WORKER                 testbank/tests/test_web_app.py::test_switch_serves_a_worker_that_removes_itself
SUPPORT_EMAIL                  catalog/tests/views/test_legal.py::test_footer_links_the_pages_that_exist
SELLER_NAME                    payments/tests/domain/test_mails.py::test_receipt_names_the_seller_and_its_own_number
SELLER_ADDRESS                 payments/tests/domain/test_mails.py::test_receipt_names_the_seller_and_its_own_number
SELLER_TAX_ID                  payments/tests/domain/test_mails.py::test_receipt_names_the_seller_and_its_own_number
ADMINS                         operations/tests/alarms/test_drill.py::test_outage_is_told_once_and_once_when_it_is_over
REFUND_DAYS                    catalog/tests/listing/test_bank_page.py::test_page_tells_the_refund_rule
LANGUAGE_CODE                  testbank/tests/test_security_settings.py::test_impossible_value_is_refused
TIME_ZONE                      testbank/tests/test_security_settings.py::test_impossible_value_is_refused
LOG_LEVEL                      testbank/tests/test_every_setting.py::test_logs
LOG_FORMAT                     testbank/tests/test_every_setting.py::test_logs
LOG_REQUESTS                   operations/tests/test_request_log.py::test_one_line_a_request_if_asked_for
BIND                           testbank/tests/test_server.py::test_port_in_use_is_reported
SERVER_THREADS                 testbank/tests/test_every_setting.py::test_site_and_its_server
DATABASE_URL                   operations/tests/test_database_copy.py::test_rows_are_equal_on_postgresql
DATABASE_PREPARED_STATEMENTS   testbank/tests/test_every_setting.py::test_limits_of_the_database_reach_libpq
DATABASE_CONNECT_TIMEOUT       testbank/tests/test_every_setting.py::test_limits_of_the_database_reach_libpq
DATABASE_STATEMENT_TIMEOUT     testbank/tests/test_every_setting.py::test_limits_of_the_database_reach_libpq
DATABASE_LOCK_TIMEOUT          testbank/tests/test_every_setting.py::test_limits_of_the_database_reach_libpq
DATABASE_NETWORK_TIMEOUT       testbank/tests/test_every_setting.py::test_limits_of_the_database_reach_libpq
MEDIA_ROOT                     questions/tests/test_images.py::test_partial_image_file_is_rewritten
STATIC_ROOT                    testbank/tests/test_every_setting.py::test_static_files_are_named_by_their_content
HASHED_STATIC                  testbank/tests/test_every_setting.py::test_static_files_are_named_by_their_content
RUN_DIR                        operations/tests/test_processes.py::test_unwritable_run_dir_is_logged
EMAIL_HOST                     operations/tests/doctor/test_mail.py::test_missing_mail_server_is_a_warning
EMAIL_PORT                     accounts/tests/test_journeys.py::test_no_mail_server_is_no_error_and_the_page_says_so
EMAIL_HOST_USER                operations/tests/doctor/test_mail.py::test_refused_mail_account
EMAIL_HOST_PASSWORD            operations/tests/doctor/test_mail.py::test_refused_mail_account
EMAIL_USE_TLS                  outbox/tests/test_mail_provider.py::test_security_of_smtp
EMAIL_USE_SSL                  outbox/tests/test_mail_provider.py::test_security_of_smtp
EMAIL_PROVIDER                 outbox/tests/test_mail_provider.py::test_wrong_settings_are_refused
EMAIL_PROVIDER_KEY             outbox/tests/test_mail_provider.py::test_wrong_settings_are_refused
EMAIL_PROVIDER_DOMAIN          testbank/tests/test_every_setting.py::test_mail_provider
EMAIL_PROVIDER_URL             testbank/tests/test_every_setting.py::test_mail_provider
EMAIL_PROVIDER_WEBHOOK_SECRET  testbank/tests/test_every_setting.py::test_mail_provider
EMAIL_PROXY                    testbank/tests/test_every_setting.py::test_mail_provider
DEFAULT_FROM_EMAIL             testbank/tests/test_security_settings.py::test_sender_with_and_without_a_name
WORKER                         operations/tests/doctor/test_shop.py::test_worker_that_never_ran_is_a_warning
KEEP_MAIL_DAYS                 testbank/tests/test_every_setting.py::test_days_after_which_rows_are_deleted
KEEP_STRIPE_EVENT_DAYS         testbank/tests/test_every_setting.py::test_days_after_which_rows_are_deleted
KEEP_UNPAID_ORDER_DAYS         testbank/tests/test_every_setting.py::test_days_after_which_rows_are_deleted
KEEP_INCIDENT_DAYS             testbank/tests/test_every_setting.py::test_days_after_which_rows_are_deleted
KEEP_VISIT_DAYS                testbank/tests/test_every_setting.py::test_days_after_which_rows_are_deleted
KEEP_SECURITY_LOG_DAYS         testbank/tests/test_every_setting.py::test_days_after_which_rows_are_deleted
METRICS_TOKEN                  testbank/tests/test_version.py::test_metrics_name_the_version
SENTRY_DSN                     testbank/tests/test_error_reports.py::test_error_is_reported_without_secrets
BACKUP_DIR                     operations/tests/backup/test_kept_backups.py::test_backup_of_an_older_version_can_be_taken_over
BACKUP_KEEP                    operations/tests/backup/test_backup.py::test_command_keeps_the_newest_backups
BACKUP_PASSPHRASE              operations/tests/backup/test_backup.py::test_encrypted_backup_needs_its_passphrase
BACKUP_PUBLIC_KEY              operations/tests/backup/test_backup.py::test_backup_for_a_public_key_opens_with_the_private_key_only
BACKUP_MAX_AGE_HOURS           operations/tests/doctor/test_backups.py::test_backups_made_elsewhere_are_not_checked
TESTBANK_DEMO                  testbank/tests/test_every_setting.py::test_site_and_its_server
"""
COMMANDS = """
backup               operations/tests/backup/test_backup.py::test_command_keeps_the_newest_backups
bounces              outbox/tests/test_mail_provider.py::test_bounced_address_is_known_until_mail_arrives_there
check                e2e/test_minimal_env_file.py::test_invalid_setting_stops_the_start_with_a_sentence
collectstatic        testbank/tests/test_every_setting.py::test_static_files_are_named_by_their_content
copy_database        operations/tests/test_database_copy.py::test_missing_source_is_refused
createsuperuser      testbank/tests/test_every_setting.py::test_first_account_needs_no_terminal
doctor               operations/tests/doctor/test_runner.py::test_doctor_fixes_installation
erase_person         operations/tests/test_retention.py::test_command_asks_and_says_what_is_kept
export_bank          studio/tests/test_imports.py::test_command_exports
import_bank          catalog/tests/importing/test_import_bank.py::test_report_ends_with_how_many_hints_there_are
incident             payments/tests/monitoring/test_incidents.py::test_command_shows_the_incident_of_a_code
lint_bank            catalog/tests/importing/test_lint_bank.py::test_neither_file_nor_bank_is_wrong_use
maintenance          operations/tests/test_maintenance.py::test_maintenance_that_is_off_shows_the_site
migrate              e2e/test_minimal_env_file.py::test_runserver_and_shell_need_only_three_lines
reconcile_payments   payments/tests/flows/test_lost_webhooks.py::test_command_with_dry_run_writes_nothing
regrade_answers      practice/tests/test_regrading.py::test_command_says_how_many_answers_rose
render_questions     catalog/tests/importing/test_render_questions.py::test_dry_run_changes_nothing
restore_email        accounts/tests/test_takeover.py::test_account_without_an_address_gets_one_and_its_owner_back
reset_second_factor  accounts/tests/test_staff.py::test_reset_second_factor_removes_authenticators
restore              operations/tests/backup/test_backup.py::test_command_checks_a_backup
runserver            e2e/test_minimal_env_file.py::test_runserver_and_shell_need_only_three_lines
serve                testbank/tests/test_server.py::test_port_in_use_is_reported
shell                e2e/test_purchase_behind_proxy.py::test_purchase_from_the_shell_without_a_request
upgrade              operations/tests/test_upgrade.py::test_old_version_does_not_start_on_newer_schema
work                 operations/tests/test_jobs.py::test_work_once_runs_every_job
"""
PAGES = ("README.md", "CONTRIBUTING.md", "UPGRADING.md", "SECURITY.md", ".env.example", "docs/*.md")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE)


def read_table(text):
    return dict(line.split() for line in text.strip().splitlines())


def manual():
    pages = (path for pattern in PAGES for path in sorted(ROOT.glob(pattern)))
    return "\n".join(path.read_text(encoding="utf-8") for path in pages)


def problem_of(name, where):
    """Say why a line of a table shows nothing; "" if its test is there and names the thing."""
    path, _colons, test = where.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""
    if not re.search(rf"^def {test}\(", text, re.MULTILINE):
        return f"{where} does not exist"
    words = (name, "start_error_reports") if name == "SENTRY_DSN" else (name,)
    return "" if any(word in text for word in words) else f"{path} does not mention {name}"


def problems_of(table):
    found = (problem_of(name, where) for name, where in table.items())
    return [problem for problem in found if problem]


def test_every_setting_has_a_test():
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    table = read_table(SETTINGS)
    assert known ^ set(table) == set()
    assert problems_of(table) == []


def test_every_command_of_the_manual_has_a_test():
    commands = set(re.findall(r"manage\.py ([a-z_]+)", manual()))
    table = read_table(COMMANDS)
    assert commands ^ set(table) == set()
    assert set(table) - set(get_commands()) == set()
    assert problems_of(table) == []


def test_every_make_command_of_the_manual_exists():
    named = set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", manual(), re.MULTILINE))
    assert {first or second for first, second in named} - set(TARGETS) == set()


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_make_runs_programs_that_exist(target):
    """What the target would run: its modules, files and `manage.py` commands are there."""
    shown = subprocess.run(
        ["make", "-n", "-o", ".venv/development.stamp", "-o", ".venv/base.stamp", "-o",
         ".venv/mitmproxy.stamp", target],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    modules = re.findall(r"python -m ([\w.]+)", shown.stdout)
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
    commands = set(re.findall(r"manage\.py ([a-z_]+)", shown.stdout))
    assert commands - set(get_commands()) == set()
