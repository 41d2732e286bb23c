# The official Triton with what the models' Python backend needs: docker build -f deploy/triton.Dockerfile .
# 25.07 is the first release without the published remote vulnerabilities (CVE-2025-23310, -23311, -23319).
FROM nvcr.io/nvidia/tritonserver:25.07-py3
RUN pip install --no-cache-dir 'numpy>=1.26,<2' 'scipy>=1.13,<2' 'openvino>=2025.2,<2027' 'sigpy>=0.1.27,<0.2' 'array-api-compat==1.16.0'
COPY triton_repo /models
USER 1000
EXPOSE 8001 8002
# no HTTP inference port: the gateway speaks gRPC, and metrics have a port of their own
ENTRYPOINT ["tritonserver"]
CMD ["--model-repository=/models", "--allow-http=false", "--grpc-port=8001", "--metrics-port=8002", "--exit-on-error=false"]
