"""Looking at pictures: whether one is sexual, by a classifier behind a protocol that an operator can replace."""
