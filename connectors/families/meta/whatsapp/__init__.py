"""WhatsApp messages as Meta words them, whoever carries them."""
