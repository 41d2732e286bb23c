"""Where others come in: scanners, hospitals, readers. Each door is a peer of the gRPC service, and works alone."""
