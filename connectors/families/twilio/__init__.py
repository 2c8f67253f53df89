"""What channels of Twilio share: the signature, the API and its errors, the SDK's way to it, and the account."""
