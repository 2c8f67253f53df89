"""The contract third parties build on: base, errors, http, secret, config, capability, fixtures, testing."""
