"""The ray caster: what it is handed lies where processors of every kind can read it."""

import numpy as np

from engine.renderer.tracing.embree import NONE, RayScene

TRIANGLE = np.array([[-1, -1, 2], [1, -1, 2], [0, 1, 2]], np.float32)


def test_rays_meet_a_triangle_in_every_scene_wherever_memory_lies() -> None:
    """With AVX-512 an address that is no multiple of 64 ends the process, in one scene of four by luck only not."""
    origin = np.zeros((3, 17), np.float32)
    ahead = np.repeat(np.array([[0], [0], [1]], np.float32), 17, axis=1)
    kept, held = [], []
    for nth in range(64):
        held.append(np.empty(nth + 1, np.int32))  # moves what is allocated next
        scene = RayScene()
        scene.add_triangles(TRIANGLE, np.array([[0, 1, 2]]))
        scene.commit()
        kept.append(scene)
        assert scene._valid.ctypes.data % 64 == 0
        assert np.allclose(scene.first(origin, ahead).distance, 2)
        assert scene.blocked(origin, ahead, 3.0).all()
        assert (scene.first(origin, -ahead).primitive == np.int32(NONE - (1 << 32))).all()
