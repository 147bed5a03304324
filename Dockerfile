# Podium's image: the Temporal Worker by default; `podium webhooks` and the rest of the command line too.
FROM python:3.11.14-slim-bookworm AS build

WORKDIR /podium
COPY requirements.lock ./
# The lock is complete and hashed: nothing is resolved, nothing else is taken.
RUN python -m venv /podium/.venv \
 && /podium/.venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock


FROM python:3.11.14-slim-bookworm

RUN groupadd --gid 10001 podium \
 && useradd --uid 10001 --gid podium --no-create-home --home-dir /nonexistent podium

WORKDIR /podium
COPY --from=build /podium/.venv /podium/.venv
COPY podium pyproject.toml worker_main.py ./
COPY contracts ./contracts
COPY activities ./activities
COPY workflows ./workflows
COPY starter ./starter
# The SDK's sandbox imports workflow modules anew for each workflow; whoever runs here may write nothing.
RUN /podium/.venv/bin/python -m compileall -q contracts activities workflows starter worker_main.py

ENV PATH=/podium:/podium/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1

USER 10001:10001
# Both mains end in order on SIGTERM: what an activity does comes to its end, and is not done twice.
STOPSIGNAL SIGTERM
CMD ["python", "worker_main.py"]
