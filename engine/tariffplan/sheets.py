"""The sheets of a tariff plan: one row of this table per sheet, one line per column; engine.tariffplan.sheet says how to read it.

Everything that handles sheets loops over this table: the reader, the checks, the offline plans with their API methods, the export
and the manual.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.tariffplan.oldsheets import OLD_SHEETS
from engine.tariffplan.sheet import Sheet, older, sheet

_INTERVAL: Final = "ActivationInterval  interval  ActivationInterval  active from, or from;to (both ends outside)"
_TENANT: Final = "Tenant  id  Tenant  the tenant"

SHEETS: Final = (
    sheet(
        "Destinations",
        "destination",
        "Names for prefixes.",
        """
        Tag     id    ID          the destination; its rows gather prefixes
        Prefix  text  Prefixes[]  a prefix of dialled numbers, or of whatever else is charged
        """,
    ),
    sheet(
        "Timings",
        "timing",
        "When prices, balances and plans are active.",
        """
        Tag        id       ID         the timing; each has one row
        Years      numbers  Years      years, or *any
        Months     numbers  Months     months 1 to 12, or *any
        MonthDays  numbers  MonthDays  days of the month, or *any; -1 is the last one (action plans)
        WeekDays   numbers  WeekDays   1 is Monday, 7 and 0 are Sunday, or *any
        Time       clock    Time       from HH:MM:SS, or from;to (to counts for balances only); *asap, *monthly...; +duration
        """,
    ),
    sheet(
        "Rates",
        "rate",
        "Prices: several rows of one tag are the slots of a price.",
        """
        Tag                 id        ID                               the price
        ConnectFee          number    RateSlots[].ConnectFee           charged once a call; that of the first row counts
        Rate                number    RateSlots[].Rate                 the price of one unit
        RateUnit            duration  RateSlots[].RateUnit             what the price is for: 60s, or a count of octets or events
        RateIncrement       duration  RateSlots[].RateIncrement        the step in which usage is counted
        GroupIntervalStart  duration  RateSlots[].GroupIntervalStart   where in the call the slot begins
        """,
    ),
    sheet(
        "DestinationRates",
        "destination_rate",
        "Which price goes for which destination.",
        """
        Tag               id       ID                                    the table
        DestinationsTag   text     DestinationRates[].DestinationId      a destination, or *any
        RatesTag          text     DestinationRates[].RateId             a price of Rates.csv
        RoundingMethod    text     DestinationRates[].RoundingMethod     *up, *middle or *down; anything else does not round
        RoundingDecimals  integer  DestinationRates[].RoundingDecimals   decimals of the cost
        MaxCost           number   DestinationRates[].MaxCost            where MaxCostStrategy begins to work; 0 is never
        MaxCostStrategy   text     DestinationRates[].MaxCostStrategy    *free: no more is charged; *disconnect: the session ends
        """,
    ),
    sheet(
        "RatingPlans",
        "rating_plan",
        "Destination rates by time.",
        """
        Tag                  id      ID                                          the plan
        DestinationRatesTag  text    RatingPlanBindings[].DestinationRatesId     a table of DestinationRates.csv
        TimingTag            text    RatingPlanBindings[].TimingId               a timing of Timings.csv, or *any
        Weight               number  RatingPlanBindings[].Weight                 among timings active together the heavier counts
        """,
    ),
    sheet(
        "RatingProfiles",
        "rating_profile",
        "Who is priced by which plan, and since when.",
        """
        Tenant            id    Tenant                                     the tenant
        Category          id    Category                                   the category of the event: call, sms, data...
        Subject           id    Subject                                    whose calls: a subject, or *any
        ActivationTime    time  RatingPlanActivations[].ActivationTime     since when; empty is always
        RatingPlanTag     text  RatingPlanActivations[].RatingPlanId       the plan
        FallbackSubjects  names RatingPlanActivations[].FallbackSubjects   subjects asked when the plan has no price
        """,
        layouts=(
            older(
                "Tenant,Category,Subject,ActivationTime,RatingPlanTag,FallbackSubjects",
                "Direction,Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject,CdrStatQueueIds",
                "RatingPlanTag=RatingPlanId FallbackSubjects=RatesFallbackSubject",
            ),
        ),
    ),
    sheet(
        "SharedGroups",
        "shared_group",
        "Accounts that draw on each other's balances.",
        """
        Tag            id    ID                             the group
        Account        text  SharedGroups[].Account         an account (tenant:account), or *any
        Strategy       text  SharedGroups[].Strategy        *lowest, *highest, *random, or *mine_ before these: its own balance first
        RatingSubject  text  SharedGroups[].RatingSubject   kept, and not used in debits
        """,
    ),
    sheet(
        "Actions",
        "actions",
        "Sets of actions on accounts.",
        """
        Tag              id        ID                           the set
        Action           text      Actions[].Identifier         what to do: *topup, *debit_reset, *cdrlog...
        ExtraParameters  text      Actions[].ExtraParameters    what the action needs besides
        Filters          names     Actions[].Filters            filters that the account must pass
        BalanceTag       text      Actions[].BalanceId          the balance
        BalanceType      text      Actions[].BalanceType        *monetary, *voice, *data, *sms, *mms, *generic
        Categories       names     Actions[].Categories         categories that the balance pays
        DestinationTags  names     Actions[].DestinationIds     destinations that it pays; !NAME leaves one out
        RatingSubject    text      Actions[].RatingSubject      *zero10s: steps of 10 s; or the subject whose prices go for it
        SharedGroups     names     Actions[].SharedGroups       groups that share the balance
        ExpiryTime       text      Actions[].ExpiryTime         *unlimited, *monthly, +24h, an instant; read when the action runs
        TimingTags       names     Actions[].TimingTags         timings in which the balance pays; !NAME: in which it does not
        Units            text      Actions[].Units              how many; 90s for *voice; a JSON formula
        BalanceWeight    text      Actions[].BalanceWeight      among balances the heavier pays first
        BalanceBlocker   switch    Actions[].BalanceBlocker     no balance after this one pays
        BalanceDisabled  switch    Actions[].BalanceDisabled    it does not pay at all
        Weight           number    Actions[].Weight             the heavier action of a set goes first
        """,
        layouts=(
            older(
                "Tag,Action,ExtraParameters,Filters,BalanceTag,BalanceType,Categories,DestinationTags,RatingSubject,SharedGroups,"
                "ExpiryTime,TimingTags,Units,BalanceWeight,BalanceBlocker,BalanceDisabled,Weight",
                "Id,Action,ExtraParameters,Filter,BalanceId,BalanceType,Directions,Categories,DestinationIds,RatingSubject,SharedGroup,"
                "ExpiryTime,TimingIds,Units,BalanceWeight,BalanceBlocker,BalanceDisabled,Weight",
                "Tag=Id Filters=Filter BalanceTag=BalanceId DestinationTags=DestinationIds SharedGroups=SharedGroup TimingTags=TimingIds",
            ),
        ),
    ),
    sheet(
        "ActionPlans",
        "action_plan",
        "When which actions run.",
        """
        Tag         id      ID                        the plan
        ActionsTag  text    ActionPlan[].ActionsId    a set of Actions.csv
        TimingTag   text    ActionPlan[].TimingId     a timing of Timings.csv, *asap: at once, *monthly...
        Weight      number  ActionPlan[].Weight       of actions due together the heavier goes first
        """,
    ),
    sheet(
        "ActionTriggers",
        "action_triggers",
        "Actions that run when a balance or a counter crosses a threshold.",
        """
        Tag                     id        ID                                         the group of triggers
        UniqueId                text      ActionTriggers[].UniqueID                  names the trigger in its group
        ThresholdType           text      ActionTriggers[].ThresholdType             *min_balance, *max_event_counter...
        ThresholdValue          number    ActionTriggers[].ThresholdValue            the threshold
        Recurrent               flag      ActionTriggers[].Recurrent                 fires again and again
        MinSleep                duration  ActionTriggers[].MinSleep                  how long it then rests
        ExpiryTime              time      ActionTriggers[].ExpirationDate            until when it works
        ActivationTime          time      ActionTriggers[].ActivationDate            since when it works
        BalanceTag              text      ActionTriggers[].BalanceId                 the balance it watches, by its name
        BalanceType             text      ActionTriggers[].BalanceType               ... by its type
        BalanceCategories       names     ActionTriggers[].BalanceCategories         ... by its categories
        BalanceDestinationTags  names     ActionTriggers[].BalanceDestinationIds     ... by its destinations
        BalanceRatingSubject    text      ActionTriggers[].BalanceRatingSubject      ... by its rating subject
        BalanceSharedGroups     names     ActionTriggers[].BalanceSharedGroups       ... by its groups
        BalanceExpiryTime       time      ActionTriggers[].BalanceExpirationDate     ... by its expiry
        BalanceTimingTags       names     ActionTriggers[].BalanceTimingTags         ... by its timings
        BalanceWeight           decimal   ActionTriggers[].BalanceWeight             ... by its weight
        BalanceBlocker          switch    ActionTriggers[].BalanceBlocker            ... blockers only, or no blockers
        BalanceDisabled         switch    ActionTriggers[].BalanceDisabled           ... disabled ones only, or none
        ActionsTag              text      ActionTriggers[].ActionsId                 a set of Actions.csv
        Weight                  number    ActionTriggers[].Weight                    the heavier trigger is looked at first
        """,
        layouts=(
            older(
                "Tag,UniqueId,ThresholdType,ThresholdValue,Recurrent,MinSleep,ExpiryTime,ActivationTime,BalanceTag,BalanceType,"
                "BalanceCategories,BalanceDestinationTags,BalanceRatingSubject,BalanceSharedGroups,BalanceExpiryTime,BalanceTimingTags,"
                "BalanceWeight,BalanceBlocker,BalanceDisabled,ActionsTag,Weight,StatsMinQueuedItems",
                "Tag,UniqueId,ThresholdType,ThresholdValue,Recurrent,MinSleep,ExpiryTime,ActivationTime,BalanceTag,BalanceType,"
                "BalanceDirections,BalanceCategories,BalanceDestinationIds,BalanceRatingSubject,BalanceSharedGroup,BalanceExpiryTime,"
                "BalanceTimingIds,BalanceWeight,BalanceBlocker,BalanceDisabled,StatsMinQueuedItems,ActionsId,Weight",
                "BalanceDestinationTags=BalanceDestinationIds BalanceSharedGroups=BalanceSharedGroup BalanceTimingTags=BalanceTimingIds "
                "ActionsTag=ActionsId",
            ),
        ),
    ),
    sheet(
        "AccountActions",
        "account_actions",
        "Accounts, with their plan and their triggers.",
        """
        Tenant             id    Tenant             the tenant
        Account            id    Account            the account; each has one row
        ActionPlanTag      text  ActionPlanId       a plan of ActionPlans.csv
        ActionTriggersTag  text  ActionTriggersId   a group of ActionTriggers.csv
        AllowNegative      flag  AllowNegative      it may owe
        Disabled           flag  Disabled           it may not be charged
        """,
    ),
    sheet(
        "Filters",
        "filter",
        "Rules that profiles refer to by name.",
        f"""
        {_TENANT}
        ID       id    ID                 the filter; all its rules must hold
        Type     text  Filters[].Type     *string, *prefix, *gte, *destinations...
        Element  text  Filters[].Element  what is looked at: ~*req.Account
        Values   list  Filters[].Values   what it is compared with; one that fits is enough
        {_INTERVAL}
        """,
        needs="Type",
        layouts=(
            older(
                "Tenant,ID,Type,Element,Values,ActivationInterval",
                "Tenant,ID,FilterType,FilterFieldName,FilterFieldValues,ActivationInterval",
                "Type=FilterType Element=FilterFieldName Values=FilterFieldValues",
                header="FilterFieldName",
            ),
        ),
    ),
    sheet(
        "Resources",
        "resource_profile",
        "Things of which so many exist: lines, channels.",
        f"""
        {_TENANT}
        ID                 id        ID                 the resource
        FilterIDs          list      FilterIDs          events that use it
        {_INTERVAL}
        UsageTTL           duration  UsageTTL           how long a usage counts; -1 for ever
        Limit              decimal   Limit              how many there are; -1 without limit
        AllocationMessage  text      AllocationMessage  the answer when one is given; empty: the ID
        Blocker            flag      Blocker            no resource after this one is looked at
        Stored             flag      Stored             usages outlive a restart
        Weight             number    Weight             the heavier resource goes first
        ThresholdIDs       list      ThresholdIDs       thresholds told of its usage; *none
        """,
    ),
    sheet(
        "IPs",
        "ip_profile",
        "Pools of addresses.",
        f"""
        {_TENANT}
        ID             id        ID                 the profile
        FilterIDs      list      FilterIDs          events that use it
        {_INTERVAL}
        TTL            duration  TTL                how long an allocation lasts; -1 for ever
        Stored         flag      Stored             allocations outlive a restart
        Weight         number    Weight             the heavier profile goes first
        PoolID         text      Pools[].ID         a pool
        PoolFilterIDs  list      Pools[].FilterIDs  events that may use the pool
        PoolType       text      Pools[].Type       *ipv4
        PoolRange      text      Pools[].Range      its addresses, 10.0.0.1/32
        PoolStrategy   text      Pools[].Strategy   *ascending, *descending, *random
        PoolMessage    text      Pools[].Message    the answer when an address is given
        PoolWeight     number    Pools[].Weight     the heavier pool goes first
        PoolBlocker    flag      Pools[].Blocker    no pool after this one is looked at
        """,
        needs="ID",
        keyed="ID",
    ),
    sheet(
        "Stats",
        "stat_queue_profile",
        "Queues of events with metrics.",
        f"""
        {_TENANT}
        ID               id        ID                   the queue
        FilterIDs        list      FilterIDs            events that it takes
        {_INTERVAL}
        QueueLength      integer   QueueLength          events that it holds; -1 without limit
        TTL              duration  TTL                  how long it holds them; -1 for ever
        MinItems         integer   MinItems             fewer events make no metric
        MetricIDs        list      Metrics[].MetricID   *asr, *tcc, *sum#~*req.Usage...
        MetricFilterIDs  list      Metrics[].FilterIDs  events that these metrics count
        Stored           flag      Stored               it outlives a restart
        Blocker          flag      Blocker              no queue after this one gets the event
        Weight           number    Weight               the heavier queue goes first
        ThresholdIDs     list      ThresholdIDs         thresholds told of its metrics; *none
        """,
        needs="MetricID",
        keyed="MetricID",
    ),
    sheet(
        "Trends",
        "trend_profile",
        "Metrics of a queue over time.",
        f"""
        {_TENANT}
        ID               id        ID               the trend
        Schedule         text      Schedule         when it looks: a cron line, @every 15m
        StatID           text      StatID           the queue
        Metrics          list      Metrics          the metrics; empty: all
        TTL              duration  TTL              how long a sample is kept; -1 for ever
        QueueLength      integer   QueueLength      samples kept; -1 without limit
        MinItems         integer   MinItems         fewer samples make no trend
        CorrelationType  text      CorrelationType  *last or *average: what a sample is compared with
        Tolerance        number    Tolerance        growth in per cent that still counts as *constant
        Stored           flag      Stored           it outlives a restart
        ThresholdIDs     list      ThresholdIDs     thresholds told of it; *none
        """,
    ),
    sheet(
        "Rankings",
        "ranking_profile",
        "Queues sorted by their metrics.",
        f"""
        {_TENANT}
        ID                 id    ID                 the ranking
        Schedule           text  Schedule           when it looks: a cron line, @every 15m
        StatIDs            list  StatIDs            the queues
        MetricIDs          list  MetricIDs          the metrics; empty: all
        Sorting            text  Sorting            *asc or *desc
        SortingParameters  list  SortingParameters  metrics in the order in which they count; metric:false turns one round
        Stored             flag  Stored             it outlives a restart
        ThresholdIDs       list  ThresholdIDs       thresholds told of it; *none
        """,
    ),
    sheet(
        "Thresholds",
        "threshold_profile",
        "Actions that run when events have hit often enough.",
        f"""
        {_TENANT}
        ID         id        ID         the threshold
        FilterIDs  list      FilterIDs  events that hit it
        {_INTERVAL}
        MaxHits    integer   MaxHits    hits after which it is spent; -1 never
        MinHits    integer   MinHits    hits before which nothing runs
        MinSleep   duration  MinSleep   how long it rests after it ran
        Blocker    flag      Blocker    no threshold after this one is looked at
        Weight     number    Weight     the heavier threshold goes first
        ActionIDs  list      ActionIDs  sets of Actions.csv
        Async      flag      Async      the event does not wait for the actions
        EeIDs      list      EeIDs      exporters that get the event
        """,
    ),
    sheet(
        "Routes",
        "route_profile",
        "Ways to a destination, and how they are sorted.",
        f"""
        {_TENANT}
        ID                  id      ID                      the profile
        FilterIDs           list    FilterIDs               events that it is for
        {_INTERVAL}
        Sorting             text    Sorting                 *weight, *lc, *hc, *qos, *reas, *reds, *load
        SortingParameters   list    SortingParameters       what the sorting needs
        RouteID             text    Routes[].ID             a way
        RouteFilterIDs      list    Routes[].FilterIDs      events that may take it
        RouteAccountIDs     list    Routes[].AccountIDs     accounts that its cost is looked up in
        RouteRatingPlanIDs  list    Routes[].RatingPlanIDs  plans that its cost is looked up in
        RouteResourceIDs    list    Routes[].ResourceIDs    resources that its load is looked up in
        RouteStatIDs        list    Routes[].StatIDs        queues that its quality is looked up in
        RouteWeight         number  Routes[].Weight         the heavier way goes first
        RouteBlocker        flag    Routes[].Blocker        kept, and without effect
        RouteParameters     text    Routes[].RouteParameters  given to the switch
        Weight              number  Weight                  the heavier profile goes first
        """,
        needs="ID",
        keyed="ID FilterIDs",
    ),
    sheet(
        "Attributes",
        "attribute_profile",
        "Fields written into events.",
        f"""
        {_TENANT}
        ID                  id      ID                        the profile
        Contexts            list    Contexts                  where it works: *sessions, *cdrs, *chargers, *any...
        FilterIDs           list    FilterIDs                 events that it is for
        {_INTERVAL}
        AttributeFilterIDs  list    Attributes[].FilterIDs    events that this field is written into
        Path                text    Attributes[].Path         the field: *req.Subject
        Type                text    Attributes[].Type         *constant, *variable, *composed...
        Value               text    Attributes[].Value        the value: text and ~*req.Field, parts parted by ;
        Blocker             flag    Blocker                   no profile after this one is looked at
        Weight              number  Weight                    the heaviest profile is taken
        """,
        needs="Path",
    ),
    sheet(
        "Chargers",
        "charger_profile",
        "Runs that an event is charged in.",
        f"""
        {_TENANT}
        ID            id      ID            the charger
        FilterIDs     list    FilterIDs     events that it is for
        {_INTERVAL}
        RunID         text    RunID         the run
        AttributeIDs  list    AttributeIDs  profiles of Attributes.csv, attributes written out, or *none
        Weight        number  Weight        the heavier charger goes first
        """,
    ),
    sheet(
        "DispatcherProfiles",
        "dispatcher_profile",
        "Which host serves which requests.",
        f"""
        {_TENANT}
        ID                  id      ID                 the profile
        Subsystems          list    Subsystems         services that it is for, or *any
        FilterIDs           list    FilterIDs          requests that it is for
        {_INTERVAL}
        Strategy            text    Strategy           *weight, *random, *round_robin, *broadcast...
        StrategyParameters  list    StrategyParams     what the strategy needs
        ConnID              text    Hosts[].ID         a host of DispatcherHosts.csv
        ConnFilterIDs       list    Hosts[].FilterIDs  requests that it takes
        ConnWeight          number  Hosts[].Weight     the heavier host goes first
        ConnBlocker         flag    Hosts[].Blocker    no host after this one is looked at
        ConnParameters      list    Hosts[].Params     what the host needs
        Weight              number  Weight             the heavier profile goes first
        """,
        needs="ID",
        keyed="ID",
    ),
    sheet(
        "DispatcherHosts",
        "dispatcher_host",
        "Hosts that requests are sent to.",
        f"""
        {_TENANT}
        ID                    id        ID                         the host
        Address               text      Conn.Address               host:port
        Transport             text      Conn.Transport             *json, *gob, *http_jsonrpc
        ConnectAttempts       integer   Conn.ConnectAttempts       tries before it counts as down
        Reconnects            integer   Conn.Reconnects            tries after a connection broke; -1 without limit
        MaxReconnectInterval  duration  Conn.MaxReconnectInterval  the longest pause between these
        ConnectTimeout        duration  Conn.ConnectTimeout        how long a connection may take
        ReplyTimeout          duration  Conn.ReplyTimeout          how long an answer may take
        TLS                   flag      Conn.TLS                   encrypted
        ClientKey             text      Conn.ClientKey             file of the client's key
        ClientCertificate     text      Conn.ClientCertificate     file of the client's certificate
        CaCertificate         text      Conn.CaCertificate         file of the authority that signed the host's
        """,
    ),
)
"""Today's sheets in the order in which they are loaded."""

ALL_SHEETS: Final = SHEETS + OLD_SHEETS
BY_NAME: Final[Mapping[str, Sheet]] = MappingProxyType({one.name: one for one in ALL_SHEETS})
BY_FILE: Final[Mapping[str, Sheet]] = MappingProxyType({one.file: one for one in ALL_SHEETS})
