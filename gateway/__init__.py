"""The appliance: protocols, agents, API, configuration and the process around the engine."""

from typing import Final

VERSION: Final = "0.1.0"
