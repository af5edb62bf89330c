"""A blueprint that changes ten times over a fleet that refuses, puts off and dies: the story, told over HTTP alone."""
