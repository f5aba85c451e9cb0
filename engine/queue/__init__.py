"""The fair queue, the pool of workers, the times that jobs take, and the engine that ties them to the backends."""
