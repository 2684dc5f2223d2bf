"""登记: one register for everything that is done besides tickets."""
