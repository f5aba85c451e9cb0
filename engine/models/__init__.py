"""Which models there are: the catalogue, published, local and hosted ones, LoRAs, and how hosted ones stand."""
