"""Between values and protocol messages; shared by client and gateway."""
