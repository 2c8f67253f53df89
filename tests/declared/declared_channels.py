"""Every channel that is data, as the registry knows them."""

from pathlib import Path

from connectors.registry import BUILT_IN

ROOT = Path(__file__).parents[2]
FOLDERS = {name: ROOT.joinpath(*where.partition(":")[0].split(".")) for name, where in BUILT_IN.items()}
DECLARED = sorted(name for name, folder in FOLDERS.items() if (folder / "channel.yaml").exists())
