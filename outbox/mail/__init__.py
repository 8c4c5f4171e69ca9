"""Mail over HTTPS, for networks that block SMTP: django-anymail, whose calls leave by `outbound`.

Needs `requirements/mail.txt`.
"""
