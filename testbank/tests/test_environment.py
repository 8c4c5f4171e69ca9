import os
import re
import runpy
import tempfile
from pathlib import Path

import pytest

from outbound.transport.trust import system_store
from testbank import stripe_settings
from testbank.environment import Environment, SettingError, read_env_file

BASE = Path(__file__).resolve().parents[2]
NO_STORE = (
    "STRIPE_CA_BUNDLE is set to system, but no system certificate store was found in the usual "
    "locations. Enter the path of a PEM file."
)


def environment(dotenv: dict[str, str], process: dict[str, str] | None = None) -> Environment:
    return Environment(process=process or {}, dotenv=dotenv)


def problem_of(dotenv: dict[str, str]) -> str:
    with pytest.raises(SettingError) as raised:
        stripe_settings.public_key(
            environment(dotenv),
            stripe_settings.mode_of(stripe_settings.secret_key(environment(dotenv))),
        )
    return str(raised.value)


def test_process_overrides_env_file():
    assert environment({"A": "file"}, {"A": "process"}).text("A") == "process"


def test_empty_process_variable_is_unset():
    assert environment({"A": "file"}, {"A": " "}).text("A") == "file"


@pytest.mark.parametrize("content", ["a secret", "a secret\n", "a secret\r\n"])
def test_secret_may_stand_in_a_file(tmp_path, content):
    (tmp_path / "secret").write_bytes(content.encode())
    assert environment({"A_FILE": str(tmp_path / "secret")}).text("A") == "a secret"


@pytest.mark.parametrize("content", ["", "\n"])
def test_empty_file_of_a_secret_is_refused(tmp_path, content):
    """Otherwise backups would not be encrypted, and a default would take the secret's place."""
    (tmp_path / "secret").write_text(content)
    with pytest.raises(SettingError, match=r"A_FILE names .*/secret, which is empty"):
        environment({"A_FILE": str(tmp_path / "secret")}).text("A", "default")


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), ("off", False), ("no", False), ("", True)]
)
def test_boolean_reads_the_usual_words(text, value):
    assert environment({"A": text}).boolean("A", default=True) is value


def test_invalid_boolean_names_setting():
    with pytest.raises(SettingError, match=r"A is 'maybe'\. Use A=1 or A=0\."):
        environment({"A": "maybe"}).boolean("A", default=True)


@pytest.mark.parametrize("text", ["0.5", "26", "ten", "nan"])
def test_number_out_of_range_is_refused(text):
    with pytest.raises(SettingError, match="Enter a number from 1 to 25, such as 10"):
        environment({"A": text}).number("A", default=10, low=1, high=25)


@pytest.mark.parametrize("text", ["example.org", "ftp://example.org", "https://example.org/shop"])
def test_invalid_origin_is_refused(text):
    with pytest.raises(SettingError, match="Use the complete address without a path"):
        environment({"A": text}).origin("A", "https://example.org")


def test_env_file_keeps_dollar_signs_and_quoted_values(tmp_path):
    file = tmp_path / ".env"
    file.write_text("\ufeffA='p$a$b'\nB=\"x y\" # note\nC=\n", encoding="utf-8")
    assert read_env_file(file) == {"A": "p$a$b", "B": "x y", "C": ""}


def test_binary_env_file_is_named(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\xfe")
    with pytest.raises(
        SettingError, match=r"line 1 uses another encoding\. Save the file as UTF-8"
    ):
        read_env_file(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "A=1\n".encode("utf-16"),
            "is UTF-16 text, which Windows PowerShell writes by default. Save the file as",
        ),
        (b"A=1\nB=2\nC=caf\xe9\n", "is not UTF-8 text: line 3 uses another encoding."),
    ],
)
def test_env_file_in_other_encoding(tmp_path, content, words):
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(SettingError) as refused:
        read_env_file(file)
    assert str(refused.value).startswith(f"{file} {words}")


def test_env_file_that_is_a_folder(tmp_path):
    with pytest.raises(SettingError, match=r"is a folder\. Docker creates a folder if the file"):
        read_env_file(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="two users are needed, which root has")
def test_unreadable_env_file():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / ".env"
        file.touch(mode=0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(
                SettingError, match=rf"cannot be read by nobody.*chown nobody {file}"
            ):
                read_env_file(file)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NOPROXY", "NO_PROXY"),
        ("STRIPE_PROXXY", "STRIPE_PROXY"),
        ("No_Proxy", "NO_PROXY"),
        ("HTTPSPROXY", "HTTPS_PROXY"),
        ("STRIPE-PROXY", "STRIPE_PROXY"),
        ("STRIPE_DEADLNE", "STRIPE_DEADLINE"),
        ("stripe_proxy", "STRIPE_PROXY"),
        ("STRIPE_CABUNDLE", "STRIPE_CA_BUNDLE"),
        ("STRIPE_PUBLISHABLE_KEY", "STRIPE_PUBLIC_KEY"),
        ("STRIPE_HTTPS_PROXY", "STRIPE_PROXY"),
    ],
)
def test_misspelled_name_is_reported(name, meant):
    environment = Environment(process={}, dotenv={name: "x"})
    for known in ("STRIPE_PROXY", "STRIPE_DEADLINE", "STRIPE_CA_BUNDLE", "STRIPE_PUBLIC_KEY"):
        environment.text(known)
    assert environment.misspelled() == {name: meant}


@pytest.mark.parametrize(
    "name",
    ["STRIPE_PROXY", "NO_PROXY", "no_proxy", "https_proxy", "POSTGRES_USER", "PATH", "PROXY_X"],
)
def test_unrelated_name_is_not_reported(name):
    environment = Environment(process={}, dotenv={name: "x"})
    environment.text("STRIPE_PROXY")
    assert environment.misspelled() == {}


def test_missing_key_mentions_misspelled_name():
    environment = Environment(process={}, dotenv={"STRIPE_SECRT_KEY": "sk_test_x"})
    with pytest.raises(
        SettingError, match=r"STRIPE_SECRT_KEY in \.env is not a setting\. Correct its name\."
    ):
        stripe_settings.secret_key(environment)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("environment", "environment"),
        ("DIRECT", "direct"),
        ("“direct”", "direct"),
        ("export STRIPE_PROXY=direct", "direct"),
        ("STRIPE_PROXY='http://proxy.example:1'", "http://proxy.example:1"),
        ("http://u:p%40ss@proxy.example:1", "http://u:p%40ss@proxy.example:1"),
    ],
)
def test_pasted_proxy_setting_is_corrected(written, read):
    assert stripe_settings.proxy(Environment({}, {"STRIPE_PROXY": written})) == read


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("none", "Set STRIPE_PROXY=direct to use no proxy."),
        ("http://proxy.example/proxy.pac", "proxy auto-configuration (PAC) file"),
        ("2001:db8::1:3128", "Use STRIPE_PROXY=http://[2001:db8::1]:3128"),
    ],
)
def test_invalid_proxy_setting_is_refused(written, words):
    with pytest.raises(SettingError) as refused:
        stripe_settings.proxy(Environment({}, {"STRIPE_PROXY": written}))
    assert str(refused.value).startswith("STRIPE_PROXY is not a valid proxy address. ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "key", ["sk_test_...", "sk_test_your_key_here", "sk_test_xxxxxxxx", "<sk_test>", "sk_test_…"]
)
def test_placeholder_key_is_refused(key):
    assert "is still a placeholder" in problem_of({"STRIPE_SECRET_KEY": key})


def test_missing_key_names_line_to_write():
    assert problem_of({}).startswith(
        "STRIPE_SECRET_KEY is not set. Add STRIPE_SECRET_KEY=sk_test_…"
    )


def test_public_key_as_secret_key_is_refused():
    text = problem_of({"STRIPE_SECRET_KEY": "pk_test_51Hk2m"})
    assert text.startswith("STRIPE_SECRET_KEY must begin with sk_test_, rk_test_, ")


def test_keys_of_different_modes_are_refused():
    text = problem_of({"STRIPE_SECRET_KEY": "sk_live_51Hk", "STRIPE_PUBLIC_KEY": "pk_test_51Hk"})
    assert text.startswith("STRIPE_PUBLIC_KEY is a test key, but STRIPE_SECRET_KEY is a live key")


@pytest.mark.parametrize(
    ("key", "mode"),
    [("sk_test_1", "test"), ("rk_live_1", "live"), ("sk_sandbox_1", "sandbox")],
)
def test_mode_of_key(key, mode):
    assert stripe_settings.mode_of(key) == mode


@pytest.mark.parametrize(
    ("mode", "base", "fine"),
    [
        ("sandbox", "http://127.0.0.1:12111", True),
        ("sandbox", "http://[::1]:12111", True),
        ("sandbox", "https://api.stripe.com", False),
        ("sandbox", "http://10.0.0.7:12111", False),
        ("test", "https://api.stripe.com", True),
        ("test", "http://127.0.0.1:12111", True),
        ("test", "https://api.stripe.com.example", False),
        ("live", "https://api.stripe.com", True),
        ("live", "http://127.0.0.1:12111", False),
    ],
)
def test_api_base_by_mode(mode, base, fine):
    settings = environment({"STRIPE_API_BASE": base})
    if fine:
        assert stripe_settings.api_base(settings, mode) == base
    else:
        with pytest.raises(SettingError, match="STRIPE_API_BASE"):
            stripe_settings.api_base(settings, mode)


def test_resolve_is_refused_with_live_key():
    settings = environment({"STRIPE_RESOLVE": "api.stripe.com:443:127.0.0.1:1"})
    assert len(stripe_settings.resolve(settings, "test")) == 1
    with pytest.raises(SettingError, match="not allowed with a live key"):
        stripe_settings.resolve(settings, "live")


def test_ca_bundle_is_a_file(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    settings = environment({"STRIPE_CA_BUNDLE": str(bundle)})
    assert stripe_settings.ca_bundle(settings) == bundle
    assert stripe_settings.ca_bundle(environment({})) is None


def test_ca_bundle_of_system():
    settings = environment({"STRIPE_CA_BUNDLE": "System"})
    try:
        assert stripe_settings.ca_bundle(settings) == system_store()
    except SettingError as error:
        assert str(error) == NO_STORE


def test_missing_store_of_system_is_refused(monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda _path: False)
    with pytest.raises(SettingError) as raised:
        stripe_settings.ca_bundle(environment({"STRIPE_CA_BUNDLE": "system"}))
    assert str(raised.value) == NO_STORE


def test_missing_ca_bundle_is_refused(tmp_path):
    with pytest.raises(SettingError, match="is not a file"):
        stripe_settings.ca_bundle(environment({"STRIPE_CA_BUNDLE": str(tmp_path / "no.pem")}))


def test_invalid_webhook_secret_is_refused():
    with pytest.raises(SettingError, match="must begin with whsec_"):
        stripe_settings.webhook_secrets(environment({"STRIPE_WEBHOOK_SECRET": "secret"}))


def test_two_webhook_secrets_during_rotation():
    settings = environment({"STRIPE_WEBHOOK_SECRET": "whsec_a, whsec_b\n"})
    assert stripe_settings.webhook_secrets(settings) == ["whsec_a", "whsec_b"]


def test_every_setting_is_explained_in_env_example():
    from testbank.settings import env

    lines = (BASE / ".env.example").read_text(encoding="utf-8").splitlines()
    settings = [re.fullmatch(r"#?([A-Z][A-Z0-9_]+)=.*", line) for line in lines]
    explained = {
        found.group(1)
        for before, found in zip(lines, settings[1:], strict=False)
        if found and before.startswith("# ")
    }
    assert explained == {found.group(1) for found in settings if found}
    assert explained == env.names_read | {"NO_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


def load_settings(path, patch, lines):
    """Return the site's settings by name, from these lines and no other variable."""
    keys = ("STRIPE_PUBLIC_KEY=pk_test_51AbcAbcAbc", "STRIPE_SECRET_KEY=sk_test_51AbcAbcAbc")
    path.write_text("\n".join([*keys, "SECRET_KEY=k", *lines]))
    patch.setattr(os, "environ", {"TESTBANK_ENV_FILE": str(path)})
    settings = runpy.run_path(str(BASE / "testbank/settings.py"))
    settings["ALLOWED_HOSTS"].sort()
    return {name: comparable(value) for name, value in settings.items()}


def comparable(value):
    """Return numbers unchanged, and the text of all else with paths relative to the checkout."""
    return value if isinstance(value, float | int) else str(value).replace(f"{BASE}/", "")


def test_documented_defaults_are_the_defaults(tmp_path, monkeypatch):
    lines = (BASE / ".env.example").read_text(encoding="utf-8").splitlines()
    documented = [line[1:] for line in lines if re.fullmatch(r"#[A-Z][A-Z0-9_]+=.+", line)]
    with monkeypatch.context() as patch:
        unset = load_settings(tmp_path / "unset.env", patch, [])
        written = load_settings(tmp_path / "written.env", patch, documented)
    # Functions and the environment itself are no settings; UNFOLD holds functions.
    names = {name for name in unset if name.isupper()} - {"OUTBOUND_DOTENV", "UNFOLD"}
    assert {name: written[name] for name in names} == {name: unset[name] for name in names}
