"""`python -m gateway.cli` is `onethread`."""

from gateway.cli import main

main()
