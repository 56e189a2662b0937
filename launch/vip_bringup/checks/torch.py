"""PyTorch, which training needs; the running stack does not."""

from __future__ import annotations

from vip_bringup.checks import CHECKS, NOTE, OK, Finding


@CHECKS.register("torch")
def check() -> list[Finding]:
    """Report PyTorch's version and whether it reaches a GPU."""
    try:
        import torch
    except ImportError as error:
        return [
            Finding(
                NOTE,
                f"no PyTorch: {error}",
                "training needs it: VIP_EXTRAS=train,encoders,cpu,dev ./vip doctor",
            )
        ]
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU only"
    return [Finding(OK, f"PyTorch {torch.__version__}, {device}, {torch.get_num_threads()} threads")]
