"""What is kept of people and servers: bans, questions and answers, reports, exports, erasure, figures of a server."""
