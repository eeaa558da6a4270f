"""What stands in a notebook: the only room that knows ipywidgets."""
