// Icons come from the theme's web font: 0.2 MB in place of the 1.5 MB that this file has otherwise.
