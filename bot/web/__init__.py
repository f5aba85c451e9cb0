"""The operator's status page, figures for Prometheus and a health check: off unless STATUS_LISTEN says where."""
