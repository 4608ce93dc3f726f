"""Sheets of older engines, which no engine loads any more: read, checked, kept and listed, so that an old plan can be taken as it is."""

from __future__ import annotations

from typing import Final

from engine.tariffplan.sheet import old_sheet

OLD_SHEETS: Final = (
    old_sheet(
        "LcrRules",
        "Least cost routing; today Routes.csv.",
        "Direction id,Tenant id,Category id,Account id,Subject id,DestinationId text,RPCategory text,Strategy text,StrategyParams text,"
        "ActivationTime time,Weight number",
    ),
    old_sheet(
        "DerivedChargers",
        "Further runs of an event; today Chargers.csv with Attributes.csv.",
        "Direction id,Tenant id,Category id,Account id,Subject id,DestinationIds names,RunId text,RunFilters text,ReqTypeField text,"
        "DirectionField text,TenantField text,CategoryField text,AccountField text,SubjectField text,DestinationField text,"
        "SetupTimeField text,PddField text,AnswerTimeField text,UsageField text,SupplierField text,DisconnectCauseField text,"
        "RatedField text,CostField text",
    ),
    old_sheet(
        "CdrStats",
        "Queues of records; today Stats.csv with Thresholds.csv.",
        "Id id,QueueLength integer,TimeWindow duration,SaveInterval duration,Metrics names,SetupInterval names,Tors names,CdrHosts names,"
        "CdrSources names,ReqTypes names,Directions names,Tenants names,Categories names,Accounts names,Subjects names,"
        "DestinationIds names,PddInterval names,UsageInterval names,Suppliers names,DisconnectCauses names,RunIds names,"
        "RatedAccounts names,RatedSubjects names,CostInterval names,Triggers text",
    ),
    old_sheet(
        "Users",
        "Fields filled from users; today Attributes.csv.",
        "Tenant id,UserName id,Masked flag,AttributeName text,AttributeValue text,Weight number",
    ),
    old_sheet(
        "Aliases",
        "Fields written anew; today Attributes.csv.",
        "Direction id,Tenant id,Category id,Account id,Subject id,DestinationId text,Context id,Target text,Original text,Alias text,"
        "Weight number",
    ),
    old_sheet(
        "Suppliers",
        "Ways to a destination; today Routes.csv.",
        "Tenant id,ID id,FilterIDs names,ActivationInterval interval,Sorting text,SortingParams names,SupplierID text,"
        "SupplierFilterIDs names,SupplierAccountIDs names,SupplierRatingPlanIDs names,SupplierResourceIDs names,SupplierStatIDs names,"
        "SupplierWeight number,Blocker flag,Weight number",
    ),
    old_sheet(
        "ResourceLimits",
        "Limits with their filters; today Resources.csv with Filters.csv.",
        "Id id,FilterType text,FilterFieldName text,FilterFieldValues names,ActivationInterval interval,TTL duration,Limit decimal,"
        "AllocationMessage text,Weight number,ActionTriggers names",
    ),
)
