"""Unsafe or impossible settings do not start the site, and say what to write."""

import pytest

from testbank import security_settings
from testbank.environment import Environment, SettingError
from testing.site import Site

STRONG = "k7Qp2vX9-mT4sLw8_Rz1NcB6yHf3JdGa5EuKo0Vi-Ua6Wj2Pq9Ze"
PUBLIC = "shop.example.org"
KEYS = {
    "STRIPE_PUBLIC_KEY": "pk_test_51Nobody",
    "STRIPE_SECRET_KEY": "sk_test_51Nobody",
    "SECRET_KEY": STRONG,
}


def environment(**dotenv):
    return Environment(process={}, dotenv=dotenv)


@pytest.mark.parametrize(
    ("host", "public"),
    [
        (PUBLIC, True),
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("192.168.1.5", False),
        ("10.0.0.1", False),
        ("localhost", False),
        ("server", False),
        ("shop.example", False),
        ("shop.local", False),
    ],
)
def test_public_hosts(host, public):
    assert security_settings.is_public(host) is public


def test_plain_http_on_a_public_host_is_refused():
    with pytest.raises(SettingError, match=r"SITE_URL is http://shop\.example\.org: passwords and"):
        security_settings.check_site_url(f"http://{PUBLIC}", host=PUBLIC)
    security_settings.check_site_url(f"https://{PUBLIC}", host=PUBLIC)
    security_settings.check_site_url("http://192.168.1.5", host="192.168.1.5")


def test_debug_on_a_public_host_is_refused():
    with pytest.raises(SettingError, match="DEBUG is 1, and SITE_URL has the public host"):
        security_settings.check_debug(debug=True, host=PUBLIC)
    security_settings.check_debug(debug=True, host="127.0.0.1")


@pytest.mark.parametrize("value", ["secret", "changeme" * 8, "a" * 60])
def test_secret_that_can_be_guessed_is_refused(value):
    with pytest.raises(SettingError, match=r"METRICS_TOKEN can be guessed\."):
        security_settings.check_secret("METRICS_TOKEN", value, host=PUBLIC)
    security_settings.check_secret("METRICS_TOKEN", value, host="127.0.0.1")


@pytest.mark.parametrize("value", ["", STRONG])
def test_strong_or_missing_secret_is_accepted(value):
    security_settings.check_secret("METRICS_TOKEN", value, host=PUBLIC)


@pytest.mark.parametrize(
    ("read", "name", "value", "says"),
    [
        (
            lambda env: security_settings.language(env, ["en", "de"]),
            "LANGUAGE_CODE",
            "xx",
            "en, de",
        ),
        (security_settings.time_zone, "TIME_ZONE", "Berlin", "Europe/Berlin"),
        (
            lambda env: security_settings.database_url(env, ""),
            "DATABASE_URL",
            "mysql://root:secret@db/shop",
            "sqlite:///path or postgres",
        ),
        (lambda env: security_settings.sender(env, ""), "DEFAULT_FROM_EMAIL", "Shop", "shop@ex"),
        (lambda env: security_settings.sender(env, ""), "DEFAULT_FROM_EMAIL", "S <x@>", "shop@ex"),
        (security_settings.admins, "ADMINS", "you@example.org, me", "contains 'me'"),
        (security_settings.admins, "ADMINS", "you@example.org colleague@example.org", "commas"),
        (
            lambda env: security_settings.trusted_proxies(env, behind_tls_proxy=False),
            "TRUSTED_PROXIES",
            "10.0.0.0/99",
            "10.0.0.0/8",
        ),
    ],
)
def test_impossible_value_is_refused(read, name, value, says):
    with pytest.raises(SettingError, match=says) as refused:
        read(environment(**{name: value}))
    assert str(refused.value).startswith(name)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("value", ["shop@example.org", "Shop, Ltd. <shop@example.org>"])
def test_sender_with_and_without_a_name(value):
    assert security_settings.sender(environment(DEFAULT_FROM_EMAIL=value), "") == value


def test_trusted_proxies_are_this_machine_behind_a_front_server():
    networks = security_settings.trusted_proxies(environment(), behind_tls_proxy=True)
    assert [str(network) for network in networks] == ["127.0.0.0/8", "::1/128"]
    assert security_settings.trusted_proxies(environment(), behind_tls_proxy=False) == []


def test_key_is_created_once_for_its_owner_only(tmp_path):
    file = tmp_path / "var" / "secret_key"
    key = security_settings.secret_key(file, is_empty_site=True)
    assert security_settings.secret_key(file, is_empty_site=False) == key
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(file.parent.iterdir()) == [file]


def test_empty_key_is_made_anew_only_on_an_empty_site(tmp_path):
    file = tmp_path / "secret_key"
    file.touch(0o600)
    with pytest.raises(SettingError, match="is empty"):
        security_settings.secret_key(file, is_empty_site=False)
    assert len(security_settings.secret_key(file, is_empty_site=True)) > 60


def test_site_without_data(tmp_path):
    file = tmp_path / "shop.sqlite3"
    assert security_settings.has_no_data(f"sqlite:///{file}")
    file.touch()
    assert security_settings.has_no_data(f"sqlite:///{file}")
    file.write_text("SQLite format 3")
    assert not security_settings.has_no_data(f"sqlite:///{file}")
    assert not security_settings.has_no_data("postgres://shop@db.example/shop")


@pytest.mark.slow
def test_hashed_static_files_that_were_not_collected_do_not_start(tmp_path):
    site = Site(folder=tmp_path)
    manual = {"SITE_URL": f"https://{PUBLIC}", "HASHED_STATIC": "1"}
    site.write_env(**KEYS | manual | {"STATIC_ROOT": str(tmp_path / "static")})
    started = site.manage("serve")
    assert started.returncode == 3
    assert "HASHED_STATIC is 1, but" in started.stderr
    assert "manage.py collectstatic" in started.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DEBUG": "1"}, "DEBUG is 1"),
        ({"SITE_URL": f"http://{PUBLIC}"}, "SITE_URL is http://"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY can be guessed"),
        ({"CURRENCY": "XXX"}, "CURRENCY is XXX"),
    ],
)
def test_unsafe_site_does_not_start(tmp_path, changes, says):
    site = Site(folder=tmp_path)
    site.write_env(**KEYS | {"SITE_URL": f"https://{PUBLIC}"} | changes)
    started = site.manage("check")
    assert (started.returncode, says in started.stderr) == (2, True), started.stderr


@pytest.mark.slow
def test_check_deploy_is_clean_with_the_settings_of_the_manual(tmp_path):
    site = Site(folder=tmp_path)
    manual = {"SITE_URL": f"https://{PUBLIC}", "BEHIND_TLS_PROXY": "1", "HSTS_SUBDOMAINS": "1"}
    site.write_env(**KEYS | manual | {"STRIPE_WEBHOOK_SECRET": "whsec_1", "WORKER": "1"})
    checked = site.manage("check", "--deploy", "--fail-level", "WARNING")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
