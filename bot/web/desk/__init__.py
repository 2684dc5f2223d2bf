"""The desk: staff's pages, one small file a screen. `layout` is what they stand in."""
