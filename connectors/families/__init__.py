"""What several channels of one provider share: its signature, its client, its errors. One package per family."""
