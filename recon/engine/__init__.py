"""The engine: what turns messages into finished slices, whoever sends them; it knows no gRPC and no task by name."""
