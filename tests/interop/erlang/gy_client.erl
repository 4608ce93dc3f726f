%% A Gy client on OTP's diameter application.
%% erl -noinput -pa FOLDER -s gy_client cli -extra HOST PORT ACCOUNT STORY [ARGUMENT]
%%   data N     a session of N updates          voice, event   a call, a message
%%   hold       a session that is open until the server aborts it; a re-authorization is followed by an update
%%   wait MS    nothing but watchdogs           load N C       N sessions, C at a time
%% A string in an optional AVP is wrapped in a list: a bare string would be read as a list of values.
-module(gy_client).
-export([cli/0, peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3,
         handle_answer/4, handle_error/4, handle_request/3]).
-include_lib("diameter/include/diameter.hrl").
-define(SVC, gy_client).

cli() ->
    [Host, Port, Account, Story | Args] = init:get_plain_arguments(),
    persistent_term:put(account, Account),
    {ok, IP} = inet:parse_address(Host),
    ok = application:start(diameter),
    true = diameter:subscribe(?SVC),
    ok = diameter:start_service(?SVC,
        [{'Origin-Host', "pgw.client.test"}, {'Origin-Realm', "client.test"},
         {'Host-IP-Address', [{127,0,0,1}]},
         {'Vendor-Id', 0}, {'Product-Name', "erlang-gy"}, {'Firmware-Revision', 1},
         {'Auth-Application-Id', [4]}, {'Supported-Vendor-Id', [10415]},
         {'Origin-State-Id', diameter:origin_state_id()},
         {decode_format, map}, {string_decode, true}, {restrict_connections, false},
         {application, [{alias, gy}, {dictionary, gy}, {module, ?MODULE}, {answer_errors, callback}]},
         {application, [{alias, base}, {dictionary, diameter_gen_base_rfc6733}, {module, ?MODULE}]}]),
    {ok, _} = diameter:add_transport(?SVC,
        {connect, [{transport_module, diameter_tcp},
                   {transport_config, [{ip, {127,0,0,1}}, {raddr, IP}, {rport, list_to_integer(Port)}]},
                   {connect_timer, 2000}, {watchdog_timer, 6000}]}),
    receive #diameter_event{info = {up, _, {_, Caps}, _, _}} ->
        #diameter_caps{origin_host = {_, OH}, product_name = {_, PN}} = Caps,
        io:format("up: ~p ~p~n", [OH, PN])
    after 60000 -> io:format("no CEA in 60 s~n"), halt(2) end,
    R = (catch run(list_to_atom(Story), Args)),
    io:format("done: ~p~n", [R]),
    ok = diameter:stop_service(?SVC),      %% sends DPR, waits for DPA
    halt(case R of ok -> 0; _ -> 1 end).

run(data, [N | _]) ->
    Sid = session_id("pgw.client.test"), Rsu = #{'CC-Total-Octets' => 1000000},
    ok = ccr(Sid, 1, 0, data_avps(service(#{'Requested-Service-Unit' => Rsu}))),
    Last = list_to_integer(N),
    [ok = ccr(Sid, 2, I, data_avps(service(#{'Requested-Service-Unit' => Rsu,
        'Used-Service-Unit' => [#{'CC-Total-Octets' => 500000, 'CC-Input-Octets' => 100000, 'CC-Output-Octets' => 400000}]}))) || I <- lists:seq(1, Last)],
    ccr(Sid, 3, Last + 1, (data_avps(service(#{'Used-Service-Unit' => [#{'CC-Total-Octets' => 1234}]})))#{'Termination-Cause' => 1});
run(voice, _) ->
    Sid = session_id("ims.client.test"),
    A = fun(M) -> maps:merge(#{'Service-Context-Id' => "32260@3gpp.org", 'Multiple-Services-Indicator' => 1,
            'Event-Timestamp' => calendar:universal_time(), 'Service-Information' =>
            #{'IMS-Information' => #{'Node-Functionality' => 6, 'Role-Of-Node' => 0,
              'Calling-Party-Address' => ["tel:+1001"], 'Called-Party-Address' => ["tel:4917555;phone-context=x"]}}}, M) end,
    ok = ccr(Sid, 1, 0, A(service(#{'Requested-Service-Unit' => #{'CC-Time' => 60}}))),
    ok = ccr(Sid, 2, 1, A(service(#{'Requested-Service-Unit' => #{'CC-Time' => 60}, 'Used-Service-Unit' => [#{'CC-Time' => 60}]}))),
    ccr(Sid, 3, 2, (A(service(#{'Used-Service-Unit' => [#{'CC-Time' => 17}]})))#{'Termination-Cause' => 1});
run(event, _) ->
    ccr(session_id("sms.client.test"), 4, 0, #{'Service-Context-Id' => "32274@3gpp.org", 'Requested-Action' => 0,
        'Event-Timestamp' => calendar:universal_time(), 'Requested-Service-Unit' => #{'CC-Service-Specific-Units' => 1},
        'Service-Information' => #{'SMS-Information' => #{'Recipient-Info' =>
            [#{'Recipient-Address' => [#{'Address-Type' => 1, 'Address-Data' => ["4917555"]}]}]}}});
run(hold, _) ->
    register(holder, self()),
    Sid = session_id("pgw.client.test"),
    ok = ccr(Sid, 1, 0, data_avps(service(#{'Requested-Service-Unit' => #{'CC-Total-Octets' => 1000000}}))),
    held(Sid, 1);
run(wait, [Ms | _]) -> timer:sleep(list_to_integer(Ms)), ok;
run(load, [N, C | _]) ->
    Each = list_to_integer(N) div list_to_integer(C), Me = self(), T0 = erlang:monotonic_time(millisecond),
    put(quiet, true),
    Ps = [spawn_link(fun() -> put(quiet, true), Me ! {self(), [B || _ <- lists:seq(1, Each), (B = (catch run(data, ["1"]))) =/= ok]} end)
          || _ <- lists:seq(1, list_to_integer(C))],
    Bad = lists:append([receive {P, B} -> B end || P <- Ps]),
    Ms = erlang:monotonic_time(millisecond) - T0,
    io:format("~p sessions (~p CCR) in ~p ms~n", [Each * length(Ps), 3 * Each * length(Ps), Ms]),
    case Bad of [] -> ok; _ -> {bad, Bad} end.

held(Sid, Number) ->
    receive
        'RAR' ->
            ok = ccr(Sid, 2, Number, data_avps(service(#{'Requested-Service-Unit' => #{'CC-Total-Octets' => 1000000},
                'Used-Service-Unit' => [#{'CC-Total-Octets' => 400000}]}))),
            held(Sid, Number + 1);
        'ASR' -> ccr(Sid, 3, Number, (data_avps(service(#{'Used-Service-Unit' => [#{'CC-Total-Octets' => 300000}]})))#{'Termination-Cause' => 4})
    after 60000 -> {bad, "nothing was asked within 60 s"} end.

%% Those of OTP repeat when two clients start within a second.
session_id(Host) -> diameter:session_id(Host) ++ ";" ++ os:getpid().

service(M) -> #{'Multiple-Services-Credit-Control' => [M#{'Rating-Group' => 10}]}.

data_avps(M) ->
    maps:merge(#{'Service-Context-Id' => "32251@3gpp.org", 'Multiple-Services-Indicator' => 1,
        'Event-Timestamp' => calendar:universal_time(),
        'User-Equipment-Info' => #{'User-Equipment-Info-Type' => 0, 'User-Equipment-Info-Value' => <<"3584830000000001">>},
        'Service-Information' => #{'PS-Information' => #{'TGPP-Charging-Id' => <<1,2,3,4>>, 'TGPP-PDP-Type' => 0,
            'PDP-Address' => [{10,46,0,2}], 'GGSN-Address' => [{127,0,0,1}], 'Called-Station-Id' => ["internet"],
            'TGPP-SGSN-MCC-MNC' => ["00101"], 'TGPP-RAT-Type' => <<6>>}}}, M).

ccr(Sid, Type, Num, Avps) ->
    Base = #{'Session-Id' => Sid, 'Auth-Application-Id' => 4, 'Destination-Realm' => "charging.test",
             'Service-Context-Id' => "32251@3gpp.org", 'CC-Request-Type' => Type, 'CC-Request-Number' => Num,
             'Subscription-Id' => [#{'Subscription-Id-Type' => 0, 'Subscription-Id-Data' => persistent_term:get(account)}, #{'Subscription-Id-Type' => 1, 'Subscription-Id-Data' => "001010000000001"}]},
    R = diameter:call(?SVC, gy, ['CCR' | maps:merge(Base, Avps)], [{timeout, 30000}]),
    case get(quiet) of true -> ok; _ -> io:format("CCR ~p/~p -> ~p~n", [Type, Num, R]) end,
    case R of ['CCA' | #{'Result-Code' := C}] when C >= 2000, C < 3000 -> ok; _ -> {bad, R} end.

%% callbacks
peer_up(_, _, S) -> S.
peer_down(_, _, S) -> S.
pick_peer([P | _], _, _, _) -> {ok, P}.
prepare_request(#diameter_packet{msg = [N | A]}, _, {_, #diameter_caps{origin_host = {OH, _}, origin_realm = {OR, _}}}) ->
    {send, [N | A#{'Origin-Host' => OH, 'Origin-Realm' => OR}]}.
prepare_retransmit(P, _, _) -> {send, P}.
handle_answer(#diameter_packet{msg = M, errors = []}, _, _, _) -> M;
handle_answer(#diameter_packet{msg = M, errors = E}, _, _, _) -> {M, {decode_errors, E}}.
handle_error(R, _, _, _) -> {error, R}.
handle_request(#diameter_packet{msg = [N | A], errors = E}, _, {_, #diameter_caps{origin_host = {OH, _}, origin_realm = {OR, _}}}) when N =:= 'RAR'; N =:= 'ASR' ->
    io:format("<- ~p ~p errors ~p~n", [N, maps:get('Session-Id', A, none), E]),
    [holder ! N || whereis(holder) =/= undefined],
    Ans = case N of 'RAR' -> 'RAA'; 'ASR' -> 'ASA' end,
    Code = case N of 'RAR' -> 2002; 'ASR' -> 2001 end,
    {reply, [Ans | #{'Session-Id' => maps:get('Session-Id', A), 'Result-Code' => Code, 'Origin-Host' => OH, 'Origin-Realm' => OR}]};
handle_request(_, _, _) -> {answer_message, 3001}.
