# One image for every process of Anabranch; the command says which one runs.
FROM python:3.11-slim

WORKDIR /app
RUN pip install --no-cache-dir "uv>=0.5" && useradd --system --uid 10001 anabranch \
    && install --directory --owner anabranch /data

# The locked packages first: they change less often than the code, and take the longest.
COPY pyproject.toml requirements.lock README.md LICENSE ./
RUN uv pip install --system --no-cache --constraint requirements.lock --requirements pyproject.toml "setuptools>=77"

COPY schemas schemas
COPY models models
COPY adapters adapters
COPY stream_jobs stream_jobs
COPY services services
COPY pipelines pipelines
RUN uv pip install --system --no-cache --no-deps --no-build-isolation .

USER anabranch
ENV ANABRANCH_HOME=/data PYTHONUNBUFFERED=1
STOPSIGNAL SIGTERM
CMD ["anabranch", "--help"]
