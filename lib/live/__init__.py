"""The hub: one poller for all viewers. It turns readings into views; looking never touches the network."""
