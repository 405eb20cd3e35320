# Two images from one file: `worker` (production: worker, migrations, commands) and `sandbox` (the simulated outside).
# Packages are installed by hash into a virtual environment; the final stages hold no build tools and run as nobody special.

ARG PYTHON_IMAGE=python:3.11.15-slim-trixie

FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 billpay \
 && useradd --uid 10001 --gid billpay --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin billpay
WORKDIR /app

FROM base AS worker-packages
COPY requirements/runtime.txt requirements/
RUN python -m venv /opt/venv \
 && pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/runtime.txt

FROM base AS sandbox-packages
COPY requirements/sandbox.txt requirements/
RUN python -m venv /opt/venv \
 && pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/sandbox.txt

FROM base AS sandbox
COPY --from=sandbox-packages /opt/venv /opt/venv
COPY billpay billpay
COPY deploy/sandbox_app.py deploy/sandbox_app.py
RUN install --directory --owner billpay --group billpay /var/lib/sandbox
USER billpay
EXPOSE 8700
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8700/horizon/', timeout=3)"]
# Exec form: the process itself is told to stop, no shell stands in between.
CMD ["python", "-m", "uvicorn", "--factory", "deploy.sandbox_app:app", "--host", "0.0.0.0", "--port", "8700", "--lifespan", "off", "--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "2"]

FROM base AS worker
COPY --from=worker-packages /opt/venv /opt/venv
COPY billpay billpay
COPY workflows workflows
COPY activities activities
COPY starter starter
COPY worker.py worker.py
COPY deploy/worker_health.py deploy/worker_health.py
USER billpay
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["python", "deploy/worker_health.py"]
CMD ["python", "worker.py"]
