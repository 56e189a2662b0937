"""Pre-training of encoders on video: from one core to several machines, with the VIP objective and others."""
