"""`gege bench storm` and `gege bench soak`: arrivals that do not wait for answers, at a real `gege serve`."""
