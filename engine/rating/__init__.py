"""What a call costs: destinations, timings, plans and profiles compiled into a tariff; spans, increments and prices."""
