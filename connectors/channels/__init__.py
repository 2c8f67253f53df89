"""Where customers are."""
