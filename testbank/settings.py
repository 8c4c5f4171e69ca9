"""The settings of the site, read from the environment and `.env`.

`.env.example` explains every one. How a call leaves this machine is decided in
`outbound/route/`, which reads the proxy variables at each call, not here.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.utils.translation import gettext_lazy as _

from outbound.transport import OverrideError, parse_resolve
from testbank import stripe_settings
from testbank.back_office_look import back_office_look
from testbank.environment import Environment, SettingError
from testbank.serving import processes_and_threads

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment.of_process(BASE_DIR)


def stored_secret_key() -> str:
    """A key made at the first start and kept in `var/`, so that sessions survive a restart."""
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(key := secrets.token_urlsafe(50))
    return key


# The site

DEMO = env.boolean("TESTBANK_DEMO", default=False)
DEBUG = env.boolean("DEBUG", default=False)
SITE_NAME = env.text("SITE_NAME", "Testbank")
SITE_URL = env.origin("SITE_URL", "http://127.0.0.1:8000")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
SECRET_KEY = env.text("SECRET_KEY") or stored_secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", {SITE_HOST, "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [SITE_URL]
ROOT_URLCONF = "testbank.urls"
WSGI_APPLICATION = "testbank.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "testbank",
    "unfold.apps.BasicAppConfig",
    "testbank.back_office.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "accounts",
    "questions",
    "delivery",
    "catalog",
    "payments",
    "practice",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "testbank.policy.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "testbank.context_processors.site",
            ],
        },
    },
]

# The database

DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'testbank.sqlite3'}")
PREPARED_STATEMENTS = env.boolean("DATABASE_PREPARED_STATEMENTS", default=True)
DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "testbank.sqlite"
    # IMMEDIATE: a transaction takes the write lock when it begins, so that two of them
    # wait for one another; the default fails at once where both have read before.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
            # Whoever writes when so many pages were written waits until they are in the file:
            # 25 payments write SQLite's own 1,000.
            " PRAGMA wal_autocheckpoint = 4000;"
        ),
    }
    # Opening the file and setting its pragmas costs a third of a page.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # A file, as in production: the database in memory knows neither WAL nor locks.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        DATABASES["default"]["ENGINE"] = "testbank.postgresql"
    # A new PostgreSQL connection for each request costs seven times a page.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Statements that come again and again are planned once a connection: a third of what a
    # payment costs the database.
    if PREPARED_STATEMENTS:
        DATABASES["default"].setdefault("OPTIONS", {}).update(
            {"server_side_binding": True, "prepare_threshold": 3}
        )

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "testbank_cache",
    },
    # Of this process alone, for what may be a minute old.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "catalog:my_banks"
LOGIN_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "catalog:home"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USER_DISPLAY = "accounts.models.display_name"
MFA_ADAPTER = "accounts.second_factor.EncryptingAdapter"
MFA_TOTP_ISSUER = SITE_NAME
# Telephones whose clock is half a minute off still get in.
MFA_TOTP_TOLERANCE = 1
# The demo's seller is everybody who reads its first lines, on one machine with a sandbox.
STAFF_SECOND_FACTOR = not DEMO

# Mail

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = int(env.number("EMAIL_PORT", default=587, low=1, high=65535))
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = VAR_DIR / "demo-mails"
if DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
elif EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# True where `manage.py work` runs: mails and sweeps are then left to it.
WORKER = env.boolean("WORKER", default=False)
# What running processes tell one another and the doctor, such as that payment is down.
RUN_DIR = Path(env.text("RUN_DIR", str(VAR_DIR / ("demo-run" if DEMO else "run"))))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <no-reply@{SITE_HOST}>")

# Payment

STRIPE_SECRET_KEY = stripe_settings.secret_key(env)
STRIPE_MODE = stripe_settings.mode_of(STRIPE_SECRET_KEY)
STRIPE_PUBLIC_KEY = stripe_settings.public_key(env, STRIPE_MODE)
STRIPE_WEBHOOK_SECRETS = stripe_settings.webhook_secrets(env)
STRIPE_API_BASE = stripe_settings.api_base(env, STRIPE_MODE)
STRIPE_ACCOUNT = env.text("STRIPE_ACCOUNT")
METRICS_TOKEN = env.text("METRICS_TOKEN")
CHECKOUT_ORIGIN = env.origin("CHECKOUT_ORIGIN", "https://checkout.stripe.com")
CURRENCY = env.text("CURRENCY", "USD").upper()
# How long a buyer may have the money back; 0 promises nothing beyond the law.
REFUND_DAYS = int(env.number("REFUND_DAYS", default=0, low=0, high=3650))

if DEMO and STRIPE_MODE != stripe_settings.SANDBOX:
    raise SettingError("STRIPE_SECRET_KEY", "is not the sandbox's, so the demo does not start.")

# How calls leave this machine

STRIPE_PROXY = stripe_settings.proxy(env)
STRIPE_PROXY_FALLBACK = env.text("STRIPE_PROXY_FALLBACK", "none").lower()
if STRIPE_PROXY_FALLBACK not in {"none", "direct"}:
    raise SettingError("STRIPE_PROXY_FALLBACK", "must be direct, or left out.")
STRIPE_CONNECT_TIMEOUT_SECONDS = env.number("STRIPE_CONNECT_TIMEOUT", default=5, low=0.2, high=25)
STRIPE_READ_TIMEOUT_SECONDS = env.number("STRIPE_READ_TIMEOUT", default=10, low=0.2, high=25)
STRIPE_DEADLINE_SECONDS = env.number("STRIPE_DEADLINE", default=10, low=1, high=25)
# As many as the server has threads: half of them are left to pages while Stripe is silent.
_processes, SERVER_THREADS = processes_and_threads(DATABASE_URL)
STRIPE_MAX_CALLS = int(env.number("STRIPE_MAX_CALLS", default=SERVER_THREADS, low=1, high=64))
STRIPE_CA_BUNDLE = stripe_settings.ca_bundle(env)
STRIPE_RESOLVE_TEXT = env.text("STRIPE_RESOLVE")
stripe_settings.refuse_resolve_with_live_keys(STRIPE_RESOLVE_TEXT, STRIPE_MODE)
try:
    STRIPE_RESOLVE = parse_resolve(STRIPE_RESOLVE_TEXT)
except OverrideError as error:
    raise SettingError("STRIPE_RESOLVE", f"cannot be read. {error}") from None
# The variables that `outbound.route` reads: here so that `.env` may hold them too.
OUTBOUND_DOTENV = env.dotenv

# Pages

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English")), ("de", _("German")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without hashed names the files are served from where they lie, so that a plain
# `runserver` needs no `collectstatic` before it.
HASHED_STATIC = env.boolean("HASHED_STATIC", default=False)
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not HASHED_STATIC
STATIC_STORAGE = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if HASHED_STATIC
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
# The pictures of questions. The demo's stand apart from a real site's.
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / ("demo-media" if DEMO else "media"))))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Names are made of content, so what stands there already is the same or was cut off.
        "OPTIONS": {"allow_overwrite": True},
    },
    "staticfiles": {"BACKEND": STATIC_STORAGE},
}

# Safety

HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "testbank_session"
CSRF_COOKIE_NAME = "testbank_csrf"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
if env.boolean("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Browsers apply form-action to redirects too: the purchase form ends on Checkout's origin.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", CHECKOUT_ORIGIN],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# The back of the shop

UNFOLD = back_office_look(site_name=SITE_NAME, mode=STRIPE_MODE)

# Logs: one named logger a room, nothing but ids in them, secrets masked as the last net.

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise SettingError("LOG_LEVEL", "must be DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "testbank.logs.ScrubFilter"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["scrub"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        name: {"level": LOG_LEVEL}
        for name in (
            "testbank",
            "accounts",
            "catalog",
            "payments",
            "outbound",
            "practice",
            "delivery",
        )
    },
}

# Names in `.env` that nothing above has read, each with the one that was likely meant.
MISSPELLED_SETTINGS = env.misspelled()
