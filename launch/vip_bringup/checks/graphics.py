"""Drawing the simulated camera without a screen."""

from __future__ import annotations

from vip_bringup.checks import CHECKS, FAIL, OK, Finding
from vip_ros.errors import UserError


@CHECKS.register("graphics")
def check() -> list[Finding]:
    """Open the OpenGL that the simulator would draw with and name its renderer."""
    from franka_node.sim.gl import choose_backend, new_context

    try:
        backend = choose_backend()
        context = new_context(64, 64)
    except UserError as error:
        return [Finding(FAIL, error.what, error.mend)]
    from OpenGL import GL

    renderer = GL.glGetString(GL.GL_RENDERER) or b"unnamed"
    context.free()
    return [Finding(OK, f"{backend}: {renderer.decode()}")]
