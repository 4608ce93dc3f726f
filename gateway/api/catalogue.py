"""Every service and method that a client of the reference may call, our own service TollwireV1 besides, and the configuration section
that switches a service on.

A name in this catalogue that no row of the table builds is answered NOT_IMPLEMENTED, after its mandatory fields (unbuilt.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PING: Final = "Ping"

ALWAYS: Final = ""  # the section of services that no option switches off

SECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AnalyzerSv1": "analyzers",
        "APIerSv1": "apiers",
        "APIerSv2": "apiers",
        "AttributeSv1": "attributes",
        "CacheSv1": ALWAYS,
        "CDRsV1": "cdrs",
        "CDRsV2": "cdrs",
        "ChargerSv1": "chargers",
        "ConfigSv1": ALWAYS,
        "CoreSv1": ALWAYS,
        "DispatcherSv1": "dispatchers",
        "EeSv1": "ees",
        "ErSv1": "ers",
        "GuardianSv1": ALWAYS,
        "IPsV1": "ips",
        "RALsV1": "rals",
        "RankingSv1": "rankings",
        "ReplicatorSv1": "apiers",
        "ResourceSv1": "resources",
        "Responder": "rals",
        "RouteSv1": "routes",
        "SchedulerSv1": "schedulers",
        "ServiceManagerV1": ALWAYS,
        "SessionSv1": "sessions",
        "SMGenericV1": "sessions",
        "StatSv1": "stats",
        "ThresholdSv1": "thresholds",
        "TollwireV1": ALWAYS,
        "TrendSv1": "trends",
    }
)

ALIASES: Final[Mapping[str, str]] = MappingProxyType({"ApierV1": "APIerSv1", "ApierV2": "APIerSv2"})

# A service that answers everything another one does, unless it has a method of that name itself.
EXTENDS: Final[Mapping[str, str]] = MappingProxyType({"APIerSv2": "APIerSv1"})

_TEXT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AnalyzerSv1": "StringQuery",
        "APIerSv1": (
            "AddAccountActionTriggers AddBalance AddTriggeredAction BackupDataDB BackupStorDB ComputeAccountActionPlans "
            "ComputeActionPlanIndexes ComputeFilterIndexIDs ComputeFilterIndexes ComputeReverseDestinations DebitBalance DebitUsage "
            "DebitUsageWithOptions DumpDataDB DumpStorDB ExecuteAction ExportCDRs ExportTPToFolder ExportTPToZipString "
            "ExportToFolder GetAccount GetAccountActionPlan GetAccountActionPlansIndexHealth GetAccountActionTriggers "
            "GetAccountCost GetAccountIDs GetAccounts GetAccountsCount GetActionPlan GetActionPlanIDs GetActionTriggers GetActions "
            "GetAttributeProfile GetAttributeProfileCount GetAttributeProfileIDs GetAttributesIndexesHealth GetCDRs "
            "GetChargerProfile GetChargerProfileIDs GetChargersIndexesHealth GetCost GetDataCost GetDataDBVersions GetDestination "
            "GetDispatcherHost GetDispatcherHostIDs GetDispatcherProfile GetDispatcherProfileIDs GetDispatchersIndexesHealth "
            "GetEventCost GetFilter GetFilterIDs GetFilterIndexes GetIPProfile GetIPProfileIDs GetLoadHistory GetLoadIDs "
            "GetLoadTimes GetMaxUsage GetRankingProfile GetRankingProfileIDs GetRatingPlan GetRatingPlanIDs GetRatingProfile "
            "GetRatingProfileIDs GetResourceProfile GetResourceProfileIDs GetResourcesIndexesHealth GetReverseDestination "
            "GetReverseDestinationsIndexHealth GetReverseFilterHealth GetRouteProfile GetRouteProfileIDs GetRoutesIndexesHealth "
            "GetScheduledActions GetSharedGroup GetStatQueueProfile GetStatQueueProfileIDs GetStatsIndexesHealth GetStorDBVersions "
            "GetTPAccountActionIds GetTPAccountActionLoadIds GetTPAccountActions GetTPAccountActionsByLoadId GetTPActionIds "
            "GetTPActionPlan GetTPActionPlanIds GetTPActionTriggerIds GetTPActionTriggers GetTPActions GetTPAttributeProfile "
            "GetTPAttributeProfileIds GetTPCharger GetTPChargerIDs GetTPDestination GetTPDestinationIDs GetTPDestinationRate "
            "GetTPDestinationRateIds GetTPDispatcherHost GetTPDispatcherHostIDs GetTPDispatcherProfile GetTPDispatcherProfileIDs "
            "GetTPFilterProfile GetTPFilterProfileIds GetTPIds GetTPRanking GetTPRankingIDs GetTPRate GetTPRateIds GetTPRatingPlan "
            "GetTPRatingPlanIds GetTPRatingProfile GetTPRatingProfileIds GetTPRatingProfileLoadIds GetTPRatingProfilesByLoadID "
            "GetTPResource GetTPResourceIDs GetTPRouteProfile GetTPRouteProfileIDs GetTPSharedGroupIds GetTPSharedGroups GetTPStat "
            "GetTPStatIDs GetTPThreshold GetTPThresholdIDs GetTPTiming GetTPTimingIds GetTPTrend GetTPTrendIDs GetThresholdProfile "
            "GetThresholdProfileCount GetThresholdProfileIDs GetThresholdsIndexesHealth GetTiming GetTrendProfile ImportTPZipFile "
            "ImportTariffPlanFromFolder LoadAccountActions LoadDestination LoadRatingPlan LoadRatingProfile LoadSharedGroup "
            "LoadTariffPlanFromFolder LoadTariffPlanFromStorDb RemTP RemoveAccount RemoveAccountActionTriggers RemoveActionPlan "
            "RemoveActionTiming RemoveActionTrigger RemoveActions RemoveAttributeProfile RemoveBalances RemoveCDRs "
            "RemoveChargerProfile RemoveDestination RemoveDispatcherHost RemoveDispatcherProfile RemoveFilter RemoveFilterIndexes "
            "RemoveIPProfile RemoveRankingProfile RemoveRatingPlan RemoveRatingProfile RemoveResourceProfile RemoveRouteProfile "
            "RemoveStatQueueProfile RemoveTPAccountActions RemoveTPActionPlan RemoveTPActionTriggers RemoveTPActions "
            "RemoveTPAttributeProfile RemoveTPCharger RemoveTPDestination RemoveTPDestinationRate RemoveTPDispatcherHost "
            "RemoveTPDispatcherProfile RemoveTPFilterProfile RemoveTPFromFolder RemoveTPFromStorDB RemoveTPRanking RemoveTPRate "
            "RemoveTPRatingPlan RemoveTPRatingProfile RemoveTPResource RemoveTPRouteProfile RemoveTPSharedGroups RemoveTPStat "
            "RemoveTPThreshold RemoveTPTiming RemoveTPTrend RemoveThresholdProfile RemoveTiming RemoveTrendProfile "
            "ReplayFailedPosts ReplayFailedReplications ResetAccountActionTriggers RestoreDataDB RestoreStorDB RewriteDataDB "
            "RewriteStorDB SetAccount SetAccountActionTriggers SetActionPlan SetActionPlanAccounts SetActionTrigger SetActions "
            "SetAttributeProfile SetBalance SetBalances SetChargerProfile SetDataDBVersions SetDestination SetDispatcherHost "
            "SetDispatcherProfile SetFilter SetIPProfile SetRankingProfile SetRatingProfile SetResourceProfile SetRouteProfile "
            "SetStatQueueProfile SetStorDBVersions SetTPAccountActions SetTPActionPlan SetTPActionTriggers SetTPActions "
            "SetTPAttributeProfile SetTPCharger SetTPDestination SetTPDestinationRate SetTPDispatcherHost SetTPDispatcherProfile "
            "SetTPFilterProfile SetTPRanking SetTPRate SetTPRatingPlan SetTPRatingProfile SetTPResource SetTPRouteProfile "
            "SetTPSharedGroups SetTPStat SetTPThreshold SetTPTiming SetTPTrend SetThresholdProfile SetTiming SetTrendProfile "
            "SnapshotDataDB SnapshotStorDB TimingIsActiveAt TransferBalance"
        ),
        "APIerSv2": (
            "CountCDRs GetAccount GetAccounts GetAccountsCount GetActions GetActionsCount GetCDRs GetDestinations GetTPDestination "
            "LoadAccountActions LoadRatingProfile LoadTariffPlanFromFolder RemoveTPDestination SetAccount SetActions "
            "SetAttributeProfile SetTPDestination"
        ),
        "AttributeSv1": "GetAttributeForEvent ProcessEvent",
        "CacheSv1": (
            "Clear GetCacheStats GetGroupItemIDs GetItem GetItemExpiryTime GetItemIDs GetItemWithRemote GetStats HasGroup HasItem "
            "LoadCache PrecacheStatus ReloadCache RemoveGroup RemoveItem RemoveItems ReplicateRemove ReplicateSet"
        ),
        "CDRsV1": "GetCDRs GetCDRsCount ProcessCDR ProcessEvent ProcessEvents ProcessExternalCDR RateCDRs ReprocessCDRs StoreSessionCost",
        "CDRsV2": "ProcessEvent StoreSessionCost",
        "ChargerSv1": "GetChargersForEvent ProcessEvent",
        "ConfigSv1": "GetConfig GetConfigAsJSON ReloadConfig SetConfig SetConfigFromJSON",
        "CoreSv1": "Panic Sleep StartCPUProfiling StartMemoryProfiling Status StopCPUProfiling StopMemoryProfiling",
        "DispatcherSv1": "Apier GetProfilesForEvent RemotePing RemoteSleep RemoteStatus",
        "EeSv1": "ProcessEvent ResetExporterMetrics",
        "ErSv1": "RunReader",
        "GuardianSv1": "RemoteLock RemoteUnlock",
        "IPsV1": "AllocateIP AuthorizeIP ClearIPAllocations GetIPAllocationForEvent GetIPAllocations ReleaseIP",
        "RALsV1": "GetRatingPlansCost",
        "RankingSv1": "GetRanking GetRankingSummary GetSchedule ScheduleQueries",
        "ReplicatorSv1": (
            "GetAccount GetAccountActionPlans GetActionPlan GetActionTriggers GetActions GetAllActionPlans GetAttributeProfile "
            "GetChargerProfile GetDestination GetDispatcherHost GetDispatcherProfile GetFilter GetIPAllocations GetIPProfile "
            "GetIndexes GetItemLoadIDs GetRanking GetRankingProfile GetRatingPlan GetRatingProfile GetResource GetResourceProfile "
            "GetReverseDestination GetRouteProfile GetSharedGroup GetStatQueue GetStatQueueProfile GetThreshold GetThresholdProfile "
            "GetTiming GetTrend GetTrendProfile RemAccountActionPlans RemoveAccount RemoveActionPlan RemoveActionTriggers "
            "RemoveActions RemoveAttributeProfile RemoveChargerProfile RemoveDestination RemoveDispatcherHost "
            "RemoveDispatcherProfile RemoveFilter RemoveIPAllocations RemoveIPProfile RemoveIndexes RemoveRanking "
            "RemoveRankingProfile RemoveRatingPlan RemoveRatingProfile RemoveResource RemoveResourceProfile RemoveRouteProfile "
            "RemoveSessionBackup RemoveSharedGroup RemoveStatQueue RemoveStatQueueProfile RemoveThreshold RemoveThresholdProfile "
            "RemoveTiming RemoveTrend RemoveTrendProfile SetAccount SetAccountActionPlans SetActionPlan SetActionTriggers "
            "SetActions SetAttributeProfile SetBackupSessions SetChargerProfile SetDestination SetDispatcherHost "
            "SetDispatcherProfile SetFilter SetIPAllocations SetIPProfile SetIndexes SetLoadIDs SetRanking SetRankingProfile "
            "SetRatingPlan SetRatingProfile SetResource SetResourceProfile SetReverseDestination SetRouteProfile SetSharedGroup "
            "SetStatQueue SetStatQueueProfile SetThreshold SetThresholdProfile SetTiming SetTrend SetTrendProfile"
        ),
        "ResourceSv1": "AllocateResources AuthorizeResources GetResource GetResourceWithConfig GetResourcesForEvent ReleaseResources",
        "Responder": (
            "Debit DebitMonetary GetCost GetCostOnRatingPlans GetMaxSessionTime GetMaxSessionTimeOnAccounts MaxDebit "
            "RefundIncrements RefundRounding Shutdown"
        ),
        "RouteSv1": "GetRouteProfilesForEvent GetRoutes GetRoutesList",
        "SchedulerSv1": "ExecuteActionPlans ExecuteActions Reload",
        "ServiceManagerV1": "ServiceStatus StartService StopService",
        "SessionSv1": (
            "ActivateSessions AlterSessions AuthorizeEvent AuthorizeEventWithDigest BackupActiveSessions CapsError "
            "DeactivateSessions DisconnectPeer ForceDisconnect GetActiveSessions GetActiveSessionsCount GetCost GetPassiveSessions "
            "GetPassiveSessionsCount InitiateSession InitiateSessionWithDigest ProcessCDR ProcessEvent ProcessMessage "
            "RegisterInternalBiJSONConn ReplicateSessions STIRAuthenticate STIRIdentity SetPassiveSession Sleep SyncSessions "
            "TerminateSession ThresholdNotify UpdateSession"
        ),
        "SMGenericV1": "GetMaxUsage InitiateSession ProcessCDR TerminateSession UpdateSession",
        "StatSv1": "GetQueueFloatMetrics GetQueueIDs GetQueueStringMetrics GetStatQueue GetStatQueuesForEvent ProcessEvent ResetStatQueue",
        "ThresholdSv1": (
            "GetThreshold GetThresholdIDs GetThresholdsForEvent ProcessEvent RegisterInternalBiJSONConn RemoveClientConnID "
            "ResetThreshold StoreClientConnID"
        ),
        "TollwireV1": "ExplainCost Prune ReloadConfig",
        "TrendSv1": "GetScheduledTrends GetTrend GetTrendSummary ScheduleQueries",
    }
)

METHODS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {service: frozenset(text.split()) | {PING} for service, text in _TEXT.items()}
)
