"""The only code that opens a socket: Kafka, Redis, metrics, health; and an in-memory twin of each port."""
