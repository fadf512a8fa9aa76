"""``mien gui``: the desktop window. Widgets know Tk; what they show and do is decided without it, in ``model.py``."""
