"""What plugins of Amazon Web Services share: signed requests, and what topics at SNS notify of."""
