"""The appliance: protocols, agents, API, configuration and the process around the engine."""
