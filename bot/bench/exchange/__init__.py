"""An exchange that is none: what stands around Gege's telephone in measurements and in tests, on loopback."""
