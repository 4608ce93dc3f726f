#!/bin/bash
# build.sh FOLDER    compiles the dictionaries and the client; the examples' dictionaries inherit by relative names, so they are told where to look
set -e
here=$(cd "$(dirname "$0")"; pwd)
cd "$1"
dictionaries=$(ls -d /usr/lib/erlang/lib/diameter-*/examples/dict)
base=common/diameter_gen_base_rfc6733
diameterc --name rfc4005_nas --prefix nas --inherits $base -o . "$dictionaries/rfc4005_nas.dia"
erlc rfc4005_nas.erl
diameterc --name rfc4006_cc --prefix cc --inherits $base -i . -o . "$dictionaries/rfc4006_cc.dia"
erlc rfc4006_cc.erl
diameterc --inherits $base -i . -o . "$here/gy.dia"
erlc gy.erl "$here/gy_client.erl"
