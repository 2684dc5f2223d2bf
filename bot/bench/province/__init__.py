"""A province in a typhoon, simulated with the figures that were measured: what is answered, refused, and waited for."""
