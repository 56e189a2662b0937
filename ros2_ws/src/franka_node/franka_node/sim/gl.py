"""Which OpenGL to draw with on a machine without a screen: EGL where it works, else OSMesa."""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import functools
import os
import weakref
from typing import Any

from vip_ros.errors import UserError

_EGL_PLATFORM_DEVICE = 0x313F
_MEND = "run: sudo apt-get install -y libegl1 libgl1-mesa-dri libopengl0   (or: libosmesa6)"
_open_contexts: weakref.WeakSet[Any] = weakref.WeakSet()


def choose_backend() -> str:
    """Return 'egl' or 'osmesa': $MUJOCO_GL if the user has set one of the two, else what works here.

    Raises:
        UserError: neither library can draw on this machine.
    """
    wished = os.environ.get("MUJOCO_GL", "").lower()
    if wished in ("egl", "osmesa"):
        return wished
    if _egl_works():
        return "egl"
    if ctypes.util.find_library("OSMesa"):
        return "osmesa"
    raise UserError("no OpenGL library to draw the simulated camera with", _MEND)


def new_context(width: int, height: int) -> Any:
    """Create an OpenGL context (pixels) and make it current in this thread.

    Raises:
        UserError: the chosen library refuses to make one.
    """
    backend = choose_backend()
    try:
        if backend == "egl":
            from mujoco.egl import GLContext
        else:
            from mujoco.osmesa import GLContext
        context = GLContext(width, height)
        context.make_current()
    except (ImportError, AttributeError, RuntimeError) as error:
        raise UserError(f"{backend} cannot draw the simulated camera ({error})", _MEND) from error
    _open_contexts.add(context)
    _free_at_exit()
    return context


@functools.lru_cache(maxsize=1)
def _egl_works() -> bool:
    """Probe EGL through ctypes: once PyOpenGL has bound itself to a platform it cannot change."""
    try:
        egl = ctypes.CDLL("libEGL.so.1")
        ctypes.CDLL("libOpenGL.so.0")
    except OSError:
        return False
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    query = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    display_of = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    if not query or not display_of:
        return False
    devices = (ctypes.c_void_p * 8)()
    count = ctypes.c_int(0)
    query_devices = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(query)
    get_display = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(
        display_of
    )
    if not query_devices(8, devices, ctypes.byref(count)):
        return False
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    displays = (get_display(_EGL_PLATFORM_DEVICE, devices[i], None) for i in range(count.value))
    return any(display and egl.eglInitialize(display, None, None) for display in displays)


@functools.lru_cache(maxsize=1)
def _free_at_exit() -> None:
    # Contexts left to the garbage collector outlive EGL itself and complain on stderr. EGL registers
    # its own end when the first context is made; what is registered after it runs before it.
    atexit.register(lambda: [context.free() for context in list(_open_contexts)])
