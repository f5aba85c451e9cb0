"""Stand-ins for the hosted providers, each on loopback with the provider's own wire format."""
