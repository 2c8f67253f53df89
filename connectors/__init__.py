"""Outside systems: one folder each, under the contract of `connectors.kit`."""
