"""What carries a call: AudioSocket, FastAGI, AMI, the browser, SIP."""
