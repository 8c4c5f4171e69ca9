import socket

import pytest

from demo import launcher as demo
from testbank.environment import read_env_file


@pytest.fixture
def env_file(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "ENV_FILE", tmp_path / ".env.demo")
    return tmp_path / ".env.demo"


def test_demo_refuses_real_key_in_environment(env_file):
    with pytest.raises(demo.DemoError, match="STRIPE_SECRET_KEY in the environment"):
        demo.refuse_real_keys({"STRIPE_SECRET_KEY": "sk_live_51abc"})


def test_demo_refuses_real_key_in_env_file(env_file):
    env_file.write_text("STRIPE_SECRET_KEY=sk_test_51abc\n")
    with pytest.raises(demo.DemoError, match=r"STRIPE_SECRET_KEY in \.env\.demo"):
        demo.refuse_real_keys({})


def test_demo_accepts_its_own_keys(env_file):
    demo.write_settings(demo.Ports(web=8000, sandbox=8001))
    demo.refuse_real_keys({})
    assert read_env_file(env_file)["STRIPE_API_BASE"] == "http://127.0.0.1:8001"


def test_demo_keeps_secrets_between_starts(env_file):
    demo.write_settings(demo.Ports(web=8000, sandbox=8001))
    first = read_env_file(env_file)
    demo.write_settings(demo.Ports(web=8100, sandbox=8101))
    second = read_env_file(env_file)
    assert second["SECRET_KEY"] == first["SECRET_KEY"]
    assert second["STRIPE_WEBHOOK_SECRET"] == first["STRIPE_WEBHOOK_SECRET"]
    assert second["SITE_URL"] == "http://127.0.0.1:8100"


def test_demo_refuses_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(demo.DemoError, match=f"Port {port} is in use"):
            demo.refuse_taken_ports(demo.Ports(web=port, sandbox=port + 1))


@pytest.mark.parametrize("text", ["80", "65535", "http", ""])
def test_demo_refuses_invalid_port(text):
    with pytest.raises(demo.DemoError, match="Use a number from 1024 to 65534"):
        demo.Ports.from_environment({"PORT": text})


def test_demo_ignores_settings_of_other_site(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://real/site")
    monkeypatch.setenv("STRIPE_PROXY", "http://proxy:3128")
    environment = demo.own_environment()
    assert "DATABASE_URL" not in environment
    assert "STRIPE_PROXY" not in environment
    assert environment["TESTBANK_ENV_FILE"] == ".env.demo"
