"""An ear elsewhere: recognisers in another process or on another machine, one small file for each wire form."""
