"""The parts of the local backend; everything here runs on its worker thread and may import torch."""
