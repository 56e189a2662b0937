"""Which encoders were measured on this machine, and what they run in since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vip_bringup.checks import CHECKS, NOTE, OK, Finding

if TYPE_CHECKING:
    from vip_models.tuning_store import Tuning


@CHECKS.register("tuning")
def check() -> list[Finding]:
    """Report the runtime chosen per encoder, and name an encoder that runs untuned."""
    from vip_models import card_names, load_card
    from vip_models.tuning_store import tunings_here
    from vip_models.weights import default_weights

    tuned = tunings_here()
    findings = [Finding(OK, _summary(tuning)) for tuning in tuned]
    names = {tuning.encoder.partition("@")[0] for tuning in tuned}
    untuned = [n for n in card_names() if n not in names and default_weights(load_card(n)).is_file()]
    if untuned:
        mend = f"measure what is fastest here: vip models export {untuned[0]} --tune"
        findings.append(Finding(NOTE, f"not tuned for this machine: {', '.join(untuned)}", mend))
    return findings or [Finding(OK, "no encoder is here that could be tuned")]


def _summary(tuning: Tuning) -> str:
    chosen = next(trial for trial in tuning.trials if trial.runtime == tuning.choice)
    error = f"distances within {chosen.distance_error or 0.0:.2%}"
    return f"{tuning.encoder} runs in {tuning.choice}: {chosen.one_ms or 0.0:.1f} ms per frame, {error}"
