# Command and client for scanner consoles and batches, without Triton: docker build -f deploy/client.Dockerfile .
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY recon recon
COPY triton_repo triton_repo
RUN python -m venv /opt/recon \
 && /opt/recon/bin/pip install --no-cache-dir '.[cluster]'

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --create-home recon
COPY --from=build /opt/recon /opt/recon
ENV PATH=/opt/recon/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
ENTRYPOINT ["recon"]
CMD ["--help"]
