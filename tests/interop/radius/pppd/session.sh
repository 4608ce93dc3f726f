#!/bin/bash
# session.sh KIND WHO PASSWORD HOLD   one PPP session over a pair of ptys: the NAS (pppd with radius.so) here, the subscriber (pppd) in the namespace
# `sub`. KIND: pap, chap, mschap-v2 (with MPPE). HOLD: seconds until the subscriber hangs up; 0: it waits until the NAS does.
kind=$1 who=$2 password=$3 hold=$4 C=$RUN/$1-$2; mkdir -p "$C"
cat >"$C/options" <<O
file $RUN/options.tollwire
require-$kind
maxfail 1
noipv6
debug
logfile $C/nas.log
O
cat >"$C/sub.options" <<O
noauth
user $who
password $password
ipcp-accept-local
ipcp-accept-remote
noipdefault
noipv6
nodefaultroute
nodetach
maxfail 1
debug
logfile $C/sub.log
O
[ "$kind" = mschap-v2 ] && echo require-mppe-128 | tee -a "$C/options" >>"$C/sub.options"
printf '#!/bin/bash\nexec ip netns exec sub pppd notty file %s/sub.options\n' "$C" >/run/subscriber; chmod +x /run/subscriber
pppd nodetach file "$C/options" pty /run/subscriber 10.64.0.1:10.64.0.10 >"$C/pppd.log" 2>&1 & nas=$!
for _ in $(seq 600); do [ -n "$(ip -o -4 addr show ppp0 2>/dev/null)" ] && break; kill -0 $nas 2>/dev/null || break; sleep 0.1; done
echo "$kind $who: $(ip -o -4 addr show ppp0 2>/dev/null | awk '{print $4, $6}')"
there() { ip netns exec sub ip route get 10.64.0.1 >/dev/null 2>&1; } # the subscriber's end comes up a little later
for _ in $(seq 100); do there || [ -z "$(ip -o -4 addr show ppp0 2>/dev/null)" ] && break; sleep 0.1; done
# The NAS's end may have its address before packets pass it: pings that are all lost are sent again.
for _ in $(seq 5); do
  [ -z "$(ip -o -4 addr show ppp0 2>/dev/null)" ] && break
  pinged=$(ip netns exec sub ping -q -c 3 -i 0.2 -W 2 -s 1000 10.64.0.1 | grep transmitted)
  case $pinged in *" 0 received"*) ;; *) break ;; esac
done
echo "$pinged"
if [ "$hold" != 0 ]; then sleep "$hold"; pkill -TERM -f "^pppd notty"; fi
for _ in $(seq 600); do kill -0 $nas 2>/dev/null || break; sleep 0.1; done
grep -hoE 'MPPE 128-bit stateless compression enabled|Connect time expired|authentication failed' "$C/nas.log" | sort -u
