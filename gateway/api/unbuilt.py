"""What is known of methods that no row builds: their argument shapes and the fields that they ask for before anything else.

A method here answers MANDATORY_IE_MISSING as the reference does, and NOT_IMPLEMENTED once its fields are there. A row of the same
name in another module takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.api.gotypes import GoType
from gateway.api.shapes import ANY_MAP, EVENT, TENANT_ID_WITH_OPTS, TEXT, shape
from gateway.api.table import Method, method

_EVENTS: Final = """
IPsV1.AllocateIP: ID Event
IPsV1.AuthorizeIP: ID Event
IPsV1.GetIPAllocationForEvent: ID Event
IPsV1.ReleaseIP: ID Event
ResourceSv1.AllocateResources: ID Event
ResourceSv1.AuthorizeResources: ID Event
ResourceSv1.GetResourcesForEvent: ID Event
ResourceSv1.ReleaseResources: ID Event
RouteSv1.GetRouteProfilesForEvent: ID; Event
RouteSv1.GetRoutes: ID; Event
RouteSv1.GetRoutesList: ID; Event
SessionSv1.ProcessCDR: Event
StatSv1.GetStatQueuesForEvent: ID; Event
StatSv1.ProcessEvent: ID; Event
ThresholdSv1.GetThresholdsForEvent: ID; Event
ThresholdSv1.ProcessEvent: ID; Event
"""

_TENANT_IDS: Final = """
IPsV1.GetIPAllocations: ID
RankingSv1.GetRanking: ID
RankingSv1.GetRankingSummary: ID
ResourceSv1.GetResource: ID
ResourceSv1.GetResourceWithConfig: ID
StatSv1.GetQueueFloatMetrics: ID
StatSv1.GetQueueStringMetrics: ID
StatSv1.GetStatQueue: ID
StatSv1.ResetStatQueue: ID
ThresholdSv1.GetThreshold: ID
ThresholdSv1.ResetThreshold: ID
TrendSv1.GetTrend: ID
TrendSv1.GetTrendSummary: ID
"""

_TEXTS: Final = """
APIerSv1.ComputeActionPlanIndexes:
APIerSv1.ComputeReverseDestinations:
APIerSv1.DumpDataDB:
APIerSv1.DumpStorDB:
APIerSv1.GetActions:
APIerSv1.GetDestination:
APIerSv1.GetLoadIDs:
APIerSv1.GetRatingPlan:
APIerSv1.GetReverseDestination:
APIerSv1.GetSharedGroup:
APIerSv1.RemoveRatingPlan:
APIerSv1.RestoreDataDB:
APIerSv1.RestoreStorDB:
APIerSv1.RewriteDataDB:
APIerSv1.RewriteStorDB:
SessionSv1.BackupActiveSessions:
SessionSv1.RegisterInternalBiJSONConn:
SessionSv1.ThresholdNotify:
ThresholdSv1.RegisterInternalBiJSONConn:
ThresholdSv1.RemoveClientConnID:
"""

_MAPS: Final = """
SMGenericV1.GetMaxUsage:
SMGenericV1.InitiateSession:
SMGenericV1.ProcessCDR:
SMGenericV1.TerminateSession:
SMGenericV1.UpdateSession:
"""

_EMBEDDED_EVENTS: Final = """
SessionSv1.AuthorizeEvent: CGREvent
SessionSv1.AuthorizeEventWithDigest: CGREvent
SessionSv1.GetCost: CGREvent
SessionSv1.InitiateSession: CGREvent
SessionSv1.InitiateSessionWithDigest: CGREvent
SessionSv1.ProcessEvent: CGREvent
SessionSv1.ProcessMessage: CGREvent
SessionSv1.TerminateSession: CGREvent
SessionSv1.UpdateSession: CGREvent
"""

# Methods whose shapes nobody needs yet: the fields that they ask for are all that is read.
_OTHERS: Final = """
APIerSv1.AddAccountActionTriggers: Account
APIerSv1.AddBalance: Account BalanceType
APIerSv1.AddTriggeredAction: Account
APIerSv1.DebitBalance: Account BalanceType
APIerSv1.ExportTPToFolder: TPid
APIerSv1.ExportTPToZipString: TPid
APIerSv1.GetAccountActionTriggers: Account
APIerSv1.GetEventCost: CgrId
APIerSv1.GetRatingProfile: Category Subject
APIerSv1.GetTPAccountActionIds: TPid
APIerSv1.GetTPAccountActionLoadIds: TPid
APIerSv1.GetTPAccountActions: TPid AccountActionsId
APIerSv1.GetTPAccountActionsByLoadId: TPid LoadId
APIerSv1.GetTPActionIds: TPid
APIerSv1.GetTPActionPlan: TPid ID
APIerSv1.GetTPActionPlanIds: TPid
APIerSv1.GetTPActionTriggerIds: TPid
APIerSv1.GetTPActions: TPid ID
APIerSv1.GetTPAttributeProfileIds: TPid
APIerSv1.GetTPCharger: TPid ID
APIerSv1.GetTPChargerIDs: TPid
APIerSv1.GetTPDestination: TPid ID
APIerSv1.GetTPDestinationIDs: TPid
APIerSv1.GetTPDestinationRate: TPid ID
APIerSv1.GetTPDestinationRateIds: TPid
APIerSv1.GetTPDispatcherHost: TPid ID
APIerSv1.GetTPDispatcherHostIDs: TPid
APIerSv1.GetTPDispatcherProfile: TPid ID
APIerSv1.GetTPDispatcherProfileIDs: TPid
APIerSv1.GetTPFilterProfile: TPid ID
APIerSv1.GetTPFilterProfileIds: TPid
APIerSv1.GetTPRanking: TPid ID
APIerSv1.GetTPRankingIDs: TPid
APIerSv1.GetTPRateIds: TPid
APIerSv1.GetTPRatingPlan: TPid ID
APIerSv1.GetTPRatingPlanIds: TPid
APIerSv1.GetTPRatingProfile: TPid RatingProfileID
APIerSv1.GetTPRatingProfileIds: TPid
APIerSv1.GetTPRatingProfileLoadIds: TPid
APIerSv1.GetTPRatingProfilesByLoadID: TPid LoadId
APIerSv1.GetTPResource: TPid ID
APIerSv1.GetTPResourceIDs: TPid
APIerSv1.GetTPRouteProfile: TPid ID
APIerSv1.GetTPRouteProfileIDs: TPid
APIerSv1.GetTPSharedGroupIds: TPid
APIerSv1.GetTPSharedGroups: TPid ID
APIerSv1.GetTPStat: TPid ID
APIerSv1.GetTPStatIDs: TPid
APIerSv1.GetTPThreshold: TPid ID
APIerSv1.GetTPThresholdIDs: TPid
APIerSv1.GetTPTiming: TPid ID
APIerSv1.GetTPTimingIds: TPid
APIerSv1.GetTPTrend: TPid ID
APIerSv1.GetTPTrendIDs: TPid
APIerSv1.GetTiming: ID
APIerSv1.ImportTariffPlanFromFolder: TPid FolderPath
APIerSv1.LoadAccountActions: TPid
APIerSv1.LoadDestination: TPid
APIerSv1.LoadRatingPlan: TPid
APIerSv1.LoadRatingProfile: TPid
APIerSv1.LoadSharedGroup: TPid
APIerSv1.LoadTariffPlanFromStorDb: TPid
APIerSv1.RemTP: TPid
APIerSv1.RemoveAccount: Account
APIerSv1.RemoveAccountActionTriggers: Account
APIerSv1.RemoveActionPlan: ID
APIerSv1.RemoveActionTiming: ActionPlanId
APIerSv1.RemoveActionTrigger: GroupID
APIerSv1.RemoveBalances: Account BalanceType
APIerSv1.RemoveTPAccountActions: TPid AccountActionsId
APIerSv1.RemoveTPActionPlan: TPid ID
APIerSv1.RemoveTPActions: TPid ID
APIerSv1.RemoveTPCharger: TPid ID
APIerSv1.RemoveTPDestination: TPid ID
APIerSv1.RemoveTPDestinationRate: TPid ID
APIerSv1.RemoveTPDispatcherHost: TPid ID
APIerSv1.RemoveTPDispatcherProfile: TPid ID
APIerSv1.RemoveTPFilterProfile: TPid ID
APIerSv1.RemoveTPFromStorDB: TPid
APIerSv1.RemoveTPRanking: TPid ID
APIerSv1.RemoveTPRatingPlan: TPid ID
APIerSv1.RemoveTPRatingProfile: TPid RatingProfileID
APIerSv1.RemoveTPResource: TPid ID
APIerSv1.RemoveTPRouteProfile: TPid ID
APIerSv1.RemoveTPSharedGroups: TPid ID
APIerSv1.RemoveTPStat: TPid ID
APIerSv1.RemoveTPThreshold: TPid ID
APIerSv1.RemoveTPTiming: TPid ID
APIerSv1.RemoveTPTrend: TPid ID
APIerSv1.ResetAccountActionTriggers: Account
APIerSv1.SetAccount: Account
APIerSv1.SetAccountActionTriggers: Account
APIerSv1.SetActionPlan: Id ActionPlan
APIerSv1.SetActionPlanAccounts: Id ActionPlan
APIerSv1.SetActionTrigger: GroupID
APIerSv1.SetActions: ActionsId Actions
APIerSv1.SetBalance: Account BalanceType
APIerSv1.SetBalances: Account Balances
APIerSv1.SetDestination: Id Prefixes
APIerSv1.SetRatingProfile: Subject RatingPlanActivations
APIerSv1.SetTPAccountActions: TPid LoadId Account ActionPlanId
APIerSv1.SetTPActionPlan: TPid ID ActionPlan
APIerSv1.SetTPActions: TPid ID Actions
APIerSv1.SetTPCharger: TPid ID
APIerSv1.SetTPDestination: TPid ID Prefixes
APIerSv1.SetTPDestinationRate: TPid ID DestinationRates
APIerSv1.SetTPDispatcherHost: TPid ID
APIerSv1.SetTPDispatcherProfile: TPid ID
APIerSv1.SetTPFilterProfile: TPid ID
APIerSv1.SetTPRanking: TPid ID
APIerSv1.SetTPRatingPlan: TPid ID RatingPlanBindings
APIerSv1.SetTPRatingProfile: TPid LoadId Category Subject RatingPlanActivations
APIerSv1.SetTPResource: TPid ID Limit
APIerSv1.SetTPRouteProfile: TPid ID
APIerSv1.SetTPSharedGroups: TPid ID SharedGroups
APIerSv1.SetTPStat: TPid ID
APIerSv1.SetTPThreshold: TPid ID
APIerSv1.SetTPTiming: TPid ID Years Months MonthDays WeekDays Time
APIerSv1.SetTPTrend: TPid ID
APIerSv1.TransferBalance: SourceAccountID SourceBalanceID DestinationAccountID DestinationBalanceID
APIerSv2.LoadAccountActions: TPid
APIerSv2.LoadRatingProfile: TPid
APIerSv2.SetAccount: Account
APIerSv2.SetActions: ActionsId Actions
RALsV1.GetRatingPlansCost: RatingPlanIDs Destination SetupTime Usage
SessionSv1.SetPassiveSession: CGRID
"""

_EVENT_INSIDE: Final = shape("sessions.V1Args", "?*utils.CGREvent", EVENT)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        name, colon, mandatory = line.partition(":")
        if colon:
            yield name, mandatory.strip()


def _fields(mandatory: str) -> GoType:
    return shape("struct", "\n".join(f"{name} any" for name in mandatory.replace(";", " ").split()))


def _rows() -> Iterator[Method]:
    known: tuple[tuple[GoType, str], ...] = (
        (EVENT, _EVENTS),
        (TENANT_ID_WITH_OPTS, _TENANT_IDS),
        (TEXT, _TEXTS),
        (ANY_MAP, _MAPS),
        (_EVENT_INSIDE, _EMBEDDED_EVENTS),
    )
    for kind, text in known:
        for name, mandatory in _lines(text):
            yield method(name, kind, None, mandatory)
    for name, mandatory in _lines(_OTHERS):
        yield method(name, _fields(mandatory), None, mandatory)


UNBUILT: Final = tuple(_rows())
