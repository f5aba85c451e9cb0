"""Which models there are: the catalogue, published, local and hosted ones, LoRAs, and the circuit breaker."""
