"""People: proof that addresses belong together, contacts that become one, and what undoes it."""

import gateway.record  # noqa: F401 - recording asks people, and people record: whoever asks is loaded first
