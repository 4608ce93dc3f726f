"""A switch that was to be told of something when the gateway was killed is told by the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.test_doors import PONG, Switch, begin, end
from tests.gateway.servers import ROOT, Gateway, tollwire


def told(switch: Switch) -> str:
    """The origin of the session that the switch is told to end, and says that it has."""
    call = switch.called()
    assert call["method"] == "AgentV1.DisconnectSession"
    origin = call["params"][0]["Event"]["OriginID"]
    assert isinstance(origin, str)
    return origin


@pytest.mark.slow
def test_a_disconnect_that_was_not_answered_is_sent_again_after_a_kill(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    try:
        gateway.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(ROOT / "packaging" / "tariffplans" / "tutorial")})
        switch = Switch(gateway.both_ways)
        switch.ask("SessionSv1.InitiateSession", begin("one"))
        end(gateway, "one")
        assert switch.heard()["method"] == "AgentV1.DisconnectSession"  # and does not answer
        gateway.kill()
        switch.close()
        for _ in range(2):
            gateway = Gateway(tmp_path)
            assert "effects=1" in gateway.text()
            gateway.kill()  # before the switch is back
        gateway = Gateway(tmp_path)
        switch = Switch(gateway.both_ways)
        assert switch.ask("SessionSv1.Ping", {}) == PONG
        assert told(switch) == "one"
        switch.ask("SessionSv1.InitiateSession", begin("two"))
        end(gateway, "two")
        assert told(switch) == "two"
        assert switch.ask("SessionSv1.Ping", {}) == PONG  # the answer before it has been read
        assert gateway.stop() == 0
        switch.close()
        gateway = Gateway(tmp_path)
        assert "effects=0" in gateway.text()
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    assert tollwire("verify", "--state", str(gateway.state)).returncode == 0
