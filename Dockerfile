# docker build -t testbank .
# Behind a proxy, add: --build-arg HTTPS_PROXY=http://proxy.example:3128
# With a company CA, put its certificate into deploy/ca/ as NAME.crt first.
FROM debian:12-slim

COPY . /tmp/testbank
RUN /tmp/testbank/deploy/build.sh && rm -rf /tmp/testbank

ENV PATH=/srv/testbank/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000 \
    HASHED_STATIC=1 \
    STATIC_ROOT=/srv/testbank/static-files
WORKDIR /srv/testbank
# The user testbank of deploy/build.sh.
USER 10001
VOLUME /srv/testbank/var
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.build_opener(urllib.request.ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["serve"]
