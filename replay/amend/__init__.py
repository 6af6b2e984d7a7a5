"""Changes specs so that they expect what came."""
