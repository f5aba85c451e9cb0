"""Light to pixels: Embree's rays, sampling, materials, lamps. Vectors are float32 arrays of shape (3, N)."""
