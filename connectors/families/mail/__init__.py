"""Mail as such: what every channel shares that carries it, whoever brings it and whoever takes it away."""
