"""The settings of the site, read from the environment and `.env`.

`.env.example` explains every one. How a call leaves this machine is decided in
`outbound/route/`, which reads the proxy variables at each call, not here.
"""

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.utils.translation import gettext_lazy as _

from backoffice.theme import unfold_settings
from catalog.price_rules import CURRENCIES
from testbank import mail_settings, security_settings, stripe_settings
from testbank.environment import Environment, SettingError
from testbank.private_files import FILE_MODE, FOLDER_MODE, make_private_folder

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}

env = Environment.of_process(BASE_DIR)


# The site

DEMO = env.boolean("TESTBANK_DEMO", default=False)
DEBUG = env.boolean("DEBUG", default=False)
SITE_NAME = env.text("SITE_NAME", "Testbank")
SITE_URL = env.origin("SITE_URL", "http://127.0.0.1:8000")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
SITE_IS_PUBLIC = security_settings.is_public(SITE_HOST)
DATABASE_URL = security_settings.database_url(env, f"sqlite:///{VAR_DIR / 'testbank.sqlite3'}")
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_IS_SET = bool(SECRET_KEY)
SECRET_KEY = SECRET_KEY or security_settings.secret_key(
    VAR_DIR / "secret_key", is_empty_site=security_settings.has_no_data(DATABASE_URL)
)
security_settings.check_site_url(SITE_URL, host=SITE_HOST)
security_settings.check_debug(debug=DEBUG, host=SITE_HOST)
security_settings.check_secret("SECRET_KEY", SECRET_KEY, host=SITE_HOST)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", {SITE_HOST, "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [SITE_URL]
ROOT_URLCONF = "testbank.urls"
WSGI_APPLICATION = "testbank.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "operations",
    "backoffice",
    "studio",
    "unfold.apps.BasicAppConfig",
    "backoffice.apps.BackofficeAdminConfig",
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
    "allauth.usersessions",
    "csp",
    "accounts",
    "questions",
    "outbox",
    "safety",
    "catalog",
    "payments",
    "practice",
    *(["demo"] if DEMO else []),
]

MIDDLEWARE = [
    "operations.request_log.RequestLogMiddleware",
    "testbank.database_limits.database_wait_middleware",
    "safety.client_address.client_address_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "operations.maintenance.MaintenanceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "safety.response_headers.response_headers_middleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "testbank.unavailable.DatabaseUnavailableMiddleware",
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

# The web server: `manage.py serve`

BIND = env.text("BIND", "127.0.0.1:8000")
# Requests that one process answers at once.
SERVER_THREADS = int(env.number("SERVER_THREADS", default=8, low=2, high=64))

# The database

# Opening a connection costs a third of a page on SQLite, and several pages on PostgreSQL.
DATABASES = {
    "default": dj_database_url.parse(
        DATABASE_URL,
        conn_max_age=600,
        conn_health_checks=True,
        # PgBouncer in transaction mode loses a cursor between two statements.
        disable_server_side_cursors=True,
    )
}
# Seconds. Every wait for the database has an end (testbank/database_limits.py).
DATABASE_CONNECT_TIMEOUT = int(env.number("DATABASE_CONNECT_TIMEOUT", default=5, low=1, high=60))
DATABASE_STATEMENT_TIMEOUT = int(
    env.number("DATABASE_STATEMENT_TIMEOUT", default=30, low=1, high=600)
)
DATABASE_LOCK_TIMEOUT = int(env.number("DATABASE_LOCK_TIMEOUT", default=20, low=1, high=600))
DATABASE_NETWORK_TIMEOUT = int(env.number("DATABASE_NETWORK_TIMEOUT", default=30, low=5, high=600))
prepared_statements = env.boolean("DATABASE_PREPARED_STATEMENTS", default=False)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "testbank.sqlite"
    # IMMEDIATE: a transaction takes the write lock when it begins. With the default, a
    # transaction that read before another one committed cannot write, and fails.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_LOCK_TIMEOUT,
        "init_command": (
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
            # A checkpoint makes a writer wait. The default is one each 1,000 pages, which 25
            # payments write.
            " PRAGMA wal_autocheckpoint = 4000;"
        ),
    }
    make_private_folder(Path(DATABASES["default"]["NAME"]).parent)
    # A file, as in production: a database in memory has neither WAL nor locks.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    # libpq has no time limit by default, and the kernel gives up after a quarter of an hour.
    # Options in DATABASE_URL take precedence. Source: postgresql.org/docs/current/libpq-connect.html
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": DATABASE_CONNECT_TIMEOUT,
        "keepalives_idle": DATABASE_NETWORK_TIMEOUT // 2,
        "keepalives_interval": max(DATABASE_NETWORK_TIMEOUT // 6, 1),
        "keepalives_count": 3,
        "tcp_user_timeout": DATABASE_NETWORK_TIMEOUT * 1000,
    } | DATABASES["default"].get("OPTIONS", {})
    if prepared_statements:
        # Off by default: PgBouncer before 1.21 loses prepared statements in transaction mode.
        DATABASES["default"]["OPTIONS"].update(
            {"server_side_binding": True, "prepare_threshold": 5}
        )

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "testbank_cache",
        # Allauth's rate limits live here, and nothing may be evicted before it expires. Django
        # would evict beyond 300 rows; the worker deletes what has expired.
        "OPTIONS": {"MAX_ENTRIES": 2**62},
    },
    # Pages of the catalog for visitors without a session, and what they are made of: in the
    # memory of each process, emptied in all of them at once (catalog/page_cache.py).
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
}
# How long a page may be shown to visitors without a session; 0 turns the page cache off.
PAGE_CACHE_SECONDS = (
    0 if DEBUG else int(env.number("PAGE_CACHE_SECONDS", default=60, low=0, high=3600))
)

# Practice

# Each of one test bank and learner. Questions that were shown before do not count.
NEW_QUESTIONS_PER_HOUR = int(env.number("NEW_QUESTIONS_PER_HOUR", default=600, low=1, high=100_000))

# Accounts

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name, "OPTIONS": options}
    for name, options in (
        ("django.contrib.auth.password_validation.UserAttributeSimilarityValidator", {}),
        ("accounts.password_validators.MinimumLengthValidator", {"min_length": 12}),
        ("accounts.password_validators.CommonPasswordValidator", {}),
        ("accounts.password_validators.NumericPasswordValidator", {}),
    )
]
LOGIN_REDIRECT_URL = "catalog:my_banks"
LOGIN_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
# How many codes one can request; `accounts.forms.ConfirmEmailForm` counts guesses of each.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = 10
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 1000
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "catalog:home"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USER_DISPLAY = "accounts.models.display_name"
# Changing an address, the password or a factor asks for the password again, and is told to the
# address of before.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
}
MFA_ADAPTER = "accounts.second_factor.EncryptingAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
}
MFA_TOTP_ISSUER = SITE_NAME
# Accept the code before and the code after, for phones whose clock is 30 seconds off.
MFA_TOTP_TOLERANCE = 1
# When a staff session must enter a code again: without a request for so long, and in any case.
STAFF_IDLE_MINUTES = int(env.number("STAFF_IDLE_MINUTES", default=60, low=5, high=1440))
STAFF_SESSION_HOURS = int(env.number("STAFF_SESSION_HOURS", default=12, low=1, high=168))
# The demo prints its seller's password, and takes sandbox keys only.
STAFF_SECOND_FACTOR = env.boolean("STAFF_SECOND_FACTOR", default=not DEMO)

# Mail

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_USE_TLS, EMAIL_USE_SSL = mail_settings.security(env)
EMAIL_PORT = int(env.number("EMAIL_PORT", default=465 if EMAIL_USE_SSL else 587, low=1, high=65535))
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = 10
email_provider = mail_settings.provider(env)
EMAIL_PROVIDER_URL = email_provider.api_url
ANYMAIL = email_provider.anymail
# As STRIPE_PROXY, for EMAIL_PROVIDER.
EMAIL_PROXY = env.text("EMAIL_PROXY") or stripe_settings.proxy(env)
EMAIL_FILE_PATH = VAR_DIR / "demo-mails"
if DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
elif email_provider.backend:
    EMAIL_BACKEND = email_provider.backend
elif EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# True if `manage.py work` runs: requests then leave mails and reconciliation to it.
WORKER = env.boolean("WORKER", default=False)
# Files that running processes share with the doctor and with one another.
RUN_DIR = Path(env.text("RUN_DIR", str(VAR_DIR / ("demo-run" if DEMO else "run"))))
# Where buyers ask for help and refunds. Empty: pages promise no refund.
SUPPORT_EMAIL = env.text("SUPPORT_EMAIL")
# Who sells, as receipts say it. Empty: the site's name.
SELLER_NAME = env.text("SELLER_NAME")
SELLER_ADDRESS = env.text("SELLER_ADDRESS")
SELLER_TAX_ID = env.text("SELLER_TAX_ID")
# Who is told when payment stops working, and when it works again.
ADMINS = security_settings.admins(env)
DEFAULT_FROM_EMAIL = security_settings.sender(env, f"{SITE_NAME} <no-reply@{SITE_HOST}>")

# Payment

STRIPE_SECRET_KEY = stripe_settings.secret_key(env)
STRIPE_MODE = stripe_settings.mode_of(STRIPE_SECRET_KEY)
STRIPE_PUBLIC_KEY = stripe_settings.public_key(env, STRIPE_MODE)
STRIPE_WEBHOOK_SECRETS = stripe_settings.webhook_secrets(env)
STRIPE_API_BASE = stripe_settings.api_base(env, STRIPE_MODE)
STRIPE_ACCOUNT = env.text("STRIPE_ACCOUNT")
METRICS_TOKEN = env.text("METRICS_TOKEN")
security_settings.check_secret("METRICS_TOKEN", METRICS_TOKEN, host=SITE_HOST)
CHECKOUT_ORIGIN = env.origin("CHECKOUT_ORIGIN", "https://checkout.stripe.com")
CURRENCY = env.text("CURRENCY", "USD").upper()
if CURRENCY not in CURRENCIES:
    raise SettingError(
        "CURRENCY",
        f"is {CURRENCY}, which Stripe does not support. Use another currency, such as EUR.",
    )
# Days. With 0 or without SUPPORT_EMAIL, pages promise no refund except where required by law.
REFUND_DAYS = int(env.number("REFUND_DAYS", default=0, low=0, high=3650))

if DEMO and STRIPE_MODE != stripe_settings.SANDBOX:
    raise SettingError("STRIPE_SECRET_KEY", "is not a sandbox key, so the demo cannot start.")
if not STAFF_SECOND_FACTOR and not (
    (DEBUG or DEMO) and SITE_HOST in LOOPBACK_HOSTS and STRIPE_MODE == stripe_settings.SANDBOX
):
    raise SettingError(
        "STAFF_SECOND_FACTOR",
        "may be 0 only with DEBUG=1, a SITE_URL on this machine (http://127.0.0.1:8000), "
        "and sandbox keys. Remove STAFF_SECOND_FACTOR=0.",
    )

# Outbound calls to Stripe

STRIPE_PROXY = stripe_settings.proxy(env)
STRIPE_PROXY_FALLBACK = stripe_settings.proxy_fallback(env)
STRIPE_CONNECT_TIMEOUT_SECONDS = env.number("STRIPE_CONNECT_TIMEOUT", default=5, low=0.2, high=25)
STRIPE_READ_TIMEOUT_SECONDS = env.number("STRIPE_READ_TIMEOUT", default=10, low=0.2, high=25)
STRIPE_DEADLINE_SECONDS = env.number("STRIPE_DEADLINE", default=10, low=1, high=25)
# While Stripe does not answer, half as many: the other threads serve pages, see
# outbound/transport/concurrency_limit.py.
STRIPE_MAX_CALLS = int(env.number("STRIPE_MAX_CALLS", default=SERVER_THREADS, low=1, high=64))
STRIPE_CA_BUNDLE = stripe_settings.ca_bundle(env)
STRIPE_RESOLVE = stripe_settings.resolve(env, STRIPE_MODE)
# `outbound.route` reads proxy variables from here too, after those of the process.
OUTBOUND_DOTENV = env.dotenv

# Pages

LANGUAGES = [("en", _("English")), ("de", _("German")), ("ar", _("Arabic"))]
LANGUAGE_CODE = security_settings.language(env, [code for code, _name in LANGUAGES])
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "testbank.formats"
TIME_ZONE = security_settings.time_zone(env)
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without hashed names, static files are served from their source folders, and nobody needs to
# run `collectstatic` first.
HASHED_STATIC = env.boolean("HASHED_STATIC", default=False)
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not HASHED_STATIC
STATIC_STORAGE = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if HASHED_STATIC
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
# Off: browsers remove the service worker and what it kept, and need the network for every page.
SERVICE_WORKER = env.boolean("SERVICE_WORKER", default=True)
# The images of questions.
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / ("demo-media" if DEMO else "media"))))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # A name is a hash of the content: an existing file is the same, or was cut off.
        "OPTIONS": {
            "allow_overwrite": True,
            "file_permissions_mode": FILE_MODE,
            "directory_permissions_mode": FOLDER_MODE,
        },
    },
    "staticfiles": {"BACKEND": STATIC_STORAGE},
}

# Backups

BACKUP_DIR = Path(env.text("BACKUP_DIR", str(VAR_DIR / "backups")))
# How many backups `manage.py backup` keeps in BACKUP_DIR.
BACKUP_KEEP = int(env.number("BACKUP_KEEP", default=14, low=1, high=10_000))
# The doctor and the alarms report an older newest backup. 0: backups are made elsewhere.
BACKUP_MAX_AGE_HOURS = env.number("BACKUP_MAX_AGE_HOURS", default=48, low=0, high=10_000)
BACKUP_PASSPHRASE = env.text("BACKUP_PASSPHRASE")
BACKUP_PUBLIC_KEY = Path(path) if (path := env.text("BACKUP_PUBLIC_KEY")) else None

# Security

HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
# Browsers take a cookie of that prefix from this host alone, over https, for the whole site.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}testbank_session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}testbank_csrf"
DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}testbank_device"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}testbank_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("HSTS_SUBDOMAINS", default=False)
# Preloading is a decision about a whole domain, for longer than a site may live.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# Where to report a vulnerability, for /.well-known/security.txt.
SECURITY_EMAIL = env.text("SECURITY_EMAIL", SUPPORT_EMAIL)
X_FRAME_OPTIONS = "DENY"
BEHIND_TLS_PROXY = env.boolean("BEHIND_TLS_PROXY", default=False)
# The networks of reverse proxies whose X-Forwarded-For names the client.
TRUSTED_PROXIES = security_settings.trusted_proxies(env, behind_tls_proxy=BEHIND_TLS_PROXY)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS and BEHIND_TLS_PROXY
SECURE_SSL_HOST = urlsplit(SITE_URL).netloc
# Load balancers and Prometheus ask the server itself, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
# A site has no path prefix: SITE_URL has none, and none comes from a header.
FORCE_SCRIPT_NAME = ""

# Browsers apply form-action to redirects too, and the purchase form redirects to Checkout.
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
        "worker-src": ["'self'"],
    }
}

DEFAULT_EXCEPTION_REPORTER_FILTER = "testbank.debug_pages.RedactingFilter"

# How long rows are kept, in days (operations/retention.py)

KEEP_MAIL_DAYS = int(env.number("KEEP_MAIL_DAYS", default=90, low=1, high=3650))
KEEP_STRIPE_EVENT_DAYS = int(env.number("KEEP_STRIPE_EVENT_DAYS", default=365, low=60, high=3650))
KEEP_UNPAID_ORDER_DAYS = int(env.number("KEEP_UNPAID_ORDER_DAYS", default=180, low=60, high=3650))
KEEP_INCIDENT_DAYS = int(env.number("KEEP_INCIDENT_DAYS", default=365, low=1, high=3650))
KEEP_VISIT_DAYS = int(env.number("KEEP_VISIT_DAYS", default=730, low=1, high=3650))
KEEP_SECURITY_LOG_DAYS = int(env.number("KEEP_SECURITY_LOG_DAYS", default=365, low=30, high=3650))

# The admin

UNFOLD = unfold_settings(site_name=SITE_NAME, mode=STRIPE_MODE)

# Logs have ids and no personal data; the filter redacts secrets as a safety net.

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise SettingError("LOG_LEVEL", "must be DEBUG, INFO, WARNING, or ERROR.")
LOG_FORMAT = env.text("LOG_FORMAT", "line").lower()
if LOG_FORMAT not in {"line", "json"}:
    raise SettingError("LOG_FORMAT", "must be line or json.")
# One line a request. The reverse proxy usually has such a log already.
LOG_REQUESTS = env.boolean("LOG_REQUESTS", default=False)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "testbank.logs.ScrubFilter"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "testbank.logs.JSONFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["scrub"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        name: {"level": LOG_LEVEL}
        for name in (
            "testbank",
            "operations",
            "accounts",
            "catalog",
            "payments",
            "outbound",
            "practice",
            "studio",
            "outbox",
            "safety",
        )
    }
    # Without its default handlers: with ADMINS, Django would email each failed purchase from within
    # the request, because that page has status 503.
    | {"django": {"level": "INFO"}}
    # waitress logs a warning each time that a request waits for a thread.
    | {"waitress.queue": {"level": "ERROR"}},
}

# Unexpected errors go to Sentry, by the route of Stripe.
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    try:
        from testbank.error_reports import start_error_reports
    except ImportError as error:
        raise SettingError(
            "SENTRY_DSN",
            "requires sentry-sdk. To install it, run: pip install -r requirements/sentry.txt",
        ) from error
    start_error_reports(
        SENTRY_DSN, setting=STRIPE_PROXY, dotenv=OUTBOUND_DOTENV, ca_bundle=STRIPE_CA_BUNDLE
    )

# Names in `.env` that nothing above has read, each with the one that was likely meant.
MISSPELLED_SETTINGS = env.misspelled()
