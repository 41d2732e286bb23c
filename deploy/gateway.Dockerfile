# Gateway, with an embedded Triton for machines without one: docker build -f deploy/gateway.Dockerfile .
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY recon recon
COPY triton_repo triton_repo
RUN python -m venv /opt/recon \
 && /opt/recon/bin/pip install --no-cache-dir '.[serve]'

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --create-home recon
COPY --from=build /opt/recon /opt/recon
ENV PATH=/opt/recon/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
EXPOSE 50051 9090
# SIGTERM drains: series under way end, new ones are refused
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
  CMD ["python", "-c", "from recon.client import Client; Client('127.0.0.1:50051').wait_ready(4)"]
ENTRYPOINT ["recon"]
CMD ["serve", "--listen", "0.0.0.0:50051", "--metrics", "0.0.0.0:9090"]
