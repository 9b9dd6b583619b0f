# One image for all services of compose.yaml: the locked environment and the project. Data lives in a volume.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 DO_NOT_TRACK=1

WORKDIR /app
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation --editable . \
    && useradd --create-home clientele \
    && mkdir -p /data \
    && chown -R clientele /app /data

USER clientele
ENV CLIENTELE_HOME=/data
VOLUME /data
ENTRYPOINT ["clientele"]
CMD ["status"]
