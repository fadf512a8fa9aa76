"""What a network looks at: maps of importance, first-layer maps, and checks that such maps mean something."""
