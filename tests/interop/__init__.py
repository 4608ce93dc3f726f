"""Real programs of other people talk to a gateway: Erlang's diameter, freeDiameter, Kamailio with sipp, python-diameter, jDiameter.

Each story runs in a network namespace of its own, its traffic is captured, and what tshark reads in the capture is compared AVP by AVP.
"""
