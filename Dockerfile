# The environment of the Makefile in a container. The committed artifacts come along; what a run
# writes is kept by a volume over them (README.md). USER_ID: whose files they are on the host.
FROM --platform=linux/amd64 python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*

ARG USER_ID=1000
RUN useradd --create-home --uid "$USER_ID" researcher \
    && install --directory --owner researcher /replication
USER researcher
WORKDIR /replication
# Made by this user: folders that COPY makes on its way may be root's.
RUN mkdir artifacts docs

COPY --chown=researcher Makefile find_python.sh requirements.lock ./
RUN make .venv/.locked

COPY --chown=researcher setup.py pyproject.toml cli.py README.md ./
COPY --chown=researcher keras_models keras_models
COPY --chown=researcher replication replication
COPY --chown=researcher validation validation
COPY --chown=researcher docs/departures.md docs/departures.md
COPY --chown=researcher artifacts/baselines artifacts/baselines
RUN make .venv/.stamp

VOLUME /replication/artifacts
STOPSIGNAL SIGINT
ENTRYPOINT [".venv/bin/python", "cli.py"]
CMD ["replicate", "--all"]
