"""One module per command: options and help here, work in the modules beside this package."""
