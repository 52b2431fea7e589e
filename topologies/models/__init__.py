"""The models of the agents: clients, settings, prices, limits, odd replies."""
