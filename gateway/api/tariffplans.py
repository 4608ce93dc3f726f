"""Tariff plans as a whole: loaded from folders and from offline plans, imported, exported, removed.

Reading and checking goes on beside the event loop (planjobs); what comes of it enters the engine in one step. Nothing is loaded of
a plan with a fault, and the error names all of them.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Iterable
from typing import Final

from engine.commands import ChangeItems, ListItems
from engine.errors import RequestError, not_found, server_error
from engine.tariffplan.export import File, csv_files, write_folder, zip_bytes
from engine.tariffplan.job import Job
from engine.tariffplan.kinds import LOAD_MARK, LoadMark, OfflineItem, offline_key
from engine.tariffplan.load import Outcome
from engine.tariffplan.offline import offline_plan
from engine.tariffplan.read import COMMA
from engine.tariffplan.sheets import BY_NAME
from engine.times import ZERO_TIME, format_time, zone_of
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.instants import ZERO_INSTANT
from gateway.api.planjobs import done, refuse, take_in, take_out, terms
from gateway.api.ratingdata import OK
from gateway.api.shapes import PAGINATOR, TEXT, shape
from gateway.api.table import Handler, Method, method
from gateway.api.tpsheets import ACCOUNT_ACTIONS, BY_SHEET, RATING_PROFILE, ROWS, matching, stored

ARCHIVE: Final = "tpexport.zip"
_NO_LOAD: Final = {"LoadID": "", "RatingLoadID": "", "AccountingLoadID": "", "LoadTime": ZERO_INSTANT}


# -- folders -------------------------------------------------------------------------------------------------------------


def _folder(args: Args) -> str:
    folder = args.text("FolderPath")
    if not folder:
        raise RequestError("MANDATORY_IE_MISSING:FolderPath")
    return folder


async def _read_folder(api: Api, args: Args) -> Outcome:
    outcome = await done(Job(terms(api), folder=_folder(args), separator=args.text("FieldSeparator") or COMMA))
    refuse(outcome)
    if args.flag("Validate") and outcome.warnings:
        raise server_error("invalid tariff plan: " + "; ".join(str(warning) for warning in outcome.warnings))
    return outcome


async def _load_folder(api: Api, args: Args) -> object:
    outcome = await _read_folder(api, args)
    if not args.flag("DryRun"):
        await take_in(api, outcome)
    return OK


async def _load_folder_v2(api: Api, args: Args) -> object:
    """As version 1; the answer is the load's entry in the load history, which stays empty with embedded storage."""
    await _load_folder(api, args)
    return _NO_LOAD


async def _remove_folder(api: Api, args: Args) -> object:
    outcome = await _read_folder(api, args)
    if not args.flag("DryRun"):
        await take_out(api, outcome)
    return OK


# -- offline plans: in and out of files ----------------------------------------------------------------------------------


async def _import(api: Api, job: Job) -> object:
    """Sheets become offline items; those of the same plan and name are replaced."""
    outcome = await done(job)
    refuse(outcome)
    assert outcome.load is not None, "a plan without faults is made into a load"
    api.step(ChangeItems(puts=outcome.load.puts))
    return OK


async def _import_folder(api: Api, args: Args) -> object:
    separator = chr(args.integer("CsvSeparator")) if args.integer("CsvSeparator") in range(1, 128) else COMMA
    job = Job(terms(api), folder=_folder(args), separator=separator, tpid=args.text("TPid"), load_id=args.text("RunId"))
    return await _import(api, job)


async def _import_zip(api: Api, args: Args) -> object:
    data = args["File"]
    assert data is None or isinstance(data, bytes), "a file is octets"
    return await _import(api, Job(terms(api), archive=data or b"", tpid=args.text("TPid")))


def _items_by_sheet(api: Api, tpid: str) -> list[tuple[str, list[OfflineItem]]]:
    return [(row.sheet, stored(api, row, tpid)) for row in ROWS]


def _files(items: Iterable[tuple[str, list[OfflineItem]]], separator: str) -> list[File]:
    return csv_files(offline_plan((BY_NAME[name], found) for name, found in items), separator)


async def _export(api: Api, args: Args) -> list[File]:
    separator = args.text_or_none("FieldSeparator") or COMMA
    if args.text_or_none("FileFormat") not in (None, "", "csv", "*csv"):
        raise server_error(f"unsupported file format: {args.text_or_none('FileFormat')}")
    files = await asyncio.to_thread(_files, _items_by_sheet(api, args.text_or_none("TPid") or ""), separator)
    if not files:
        raise server_error("NOT_FOUND")
    return files


async def _export_folder(api: Api, args: Args) -> object:
    files = await _export(api, args)
    folder = args.text_or_none("ExportPath") or "."
    compress = bool(args.flag_or_none("Compress"))
    names = [name for name, _ in files]
    written = [(ARCHIVE, zip_bytes(files))] if compress else files
    try:
        await asyncio.to_thread(write_folder, folder, written)
    except (OSError, ValueError) as wrong:  # ValueError: a path that holds what no path can
        path = os.path.join(folder, written[0][0])
        reason = (isinstance(wrong, OSError) and wrong.strerror) or "invalid argument"
        raise server_error(f"open {path}: {reason.lower()}") from None
    return {"ExportPath": folder, "ExportedFiles": names, "Compressed": compress}


async def _export_zip(api: Api, args: Args) -> object:
    return base64.b64encode(zip_bytes(await _export(api, args))).decode()


# -- offline plans: into use ---------------------------------------------------------------------------------------------


async def _load_stored(api: Api, args: Args) -> object:
    outcome = await done(Job(terms(api), offline=_items_by_sheet(api, args.text("TPid"))))
    refuse(outcome)
    if not args.flag("DryRun"):
        await take_in(api, outcome)
    return OK


async def _remove_stored(api: Api, args: Args) -> object:
    outcome = await done(Job(terms(api), offline=_items_by_sheet(api, args.text("TPid"))))
    refuse(outcome)
    await take_out(api, outcome)
    return OK


def _part_loader(sheet: str, name: str, parts: int = 1) -> Handler:
    """Loads the items of one sheet that the arguments name, with what they need of others; all of it when they name none.

    `name` is the argument with the item's id, which for profiles and accounts has `parts` parts; "" where the fields say it.
    """

    async def load_part(api: Api, args: Args) -> object:
        row = BY_SHEET[sheet]
        tpid = args.text("TPid")
        wanted = args.text(name) if name else ""
        if wanted and wanted.count(":") < parts - 1:
            raise RequestError(f"Wrong {row.noun}Id: {wanted}")
        if name:
            items = [item for item in stored(api, row, tpid) if not wanted or item.Id == wanted]
        else:
            items = [item for item, _ in matching(api, row, args)]
        if not items:
            raise server_error("NOT_FOUND")
        others = [(other, found) for other, found in _items_by_sheet(api, tpid) if other != sheet]
        outcome = await done(Job(terms(api), offline=[*others, (sheet, items)], root=sheet))
        refuse(outcome)
        await take_in(api, outcome)
        return OK

    return load_part


def _remove_plan(api: Api, args: Args) -> object:
    """An offline plan is forgotten; what was loaded of it stays."""
    changes = ChangeItems()
    for row in ROWS:
        changes.removals += [(row.kind, offline_key(item.TPid, item.Id)) for item in stored(api, row, args.text("TPid"))]
    if changes.removals:
        api.step(changes)
    return OK


def _get_plan_ids(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    return sorted({item.TPid for row in ROWS for item in stored(api, row, "")})


# -- when what was loaded ------------------------------------------------------------------------------------------------


def _marks(api: Api, item: str) -> dict[str, int]:
    """Load numbers by cache partition, of one or of all. Raises NOT_FOUND."""
    found = api.step(ListItems(LOAD_MARK))
    assert isinstance(found, dict), "items come by their id"
    marks = {name: mark.LoadId for name, mark in found.items() if isinstance(mark, LoadMark) and item in ("", name)}
    if not marks:
        raise not_found()
    return marks


def _get_load_ids(api: Api, args: Args) -> object:
    return _marks(api, args.text("Arg"))


def _get_load_times(api: Api, args: Args) -> object:
    try:
        zone = zone_of(args.text("Timezone") or api.options.default_timezone)
    except ValueError:
        raise server_error(f"unknown time zone {args.text('Timezone')}") from None
    marks = _marks(api, args.text("Item"))
    return {name: format_time(number // 10**9 * 10**9 if number > ZERO_TIME else ZERO_TIME, zone) for name, number in marks.items()}


def _get_load_history(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    """The load history of the reference's embedded storage stays empty; so does ours. GetLoadTimes tells when what was loaded."""
    raise not_found()


# -- the table -----------------------------------------------------------------------------------------------------------

_OPTS: Final = "APIOpts map[string]any"
_LOAD_FOLDER: Final = shape(
    "utils.AttrLoadTpFromFolder",
    # the field separator is our own: the reference reads commas only
    f"FolderPath string; DryRun bool; Validate bool; Caching *string; FieldSeparator string; {_OPTS}",
)
_LOAD_STORED: Final = shape("v1.AttrLoadTpFromStorDb", f"TPid string; DryRun bool; Validate bool; Caching *string; {_OPTS}")
_IMPORT_FOLDER: Final = shape("v1.AttrImportTPFromFolder", f"TPid string; FolderPath string; RunId string; CsvSeparator int; {_OPTS}")
_IMPORT_ZIP: Final = shape("v1.AttrImportTPZipFile", "TPid string; File []byte")
_EXPORT: Final = shape(
    "utils.AttrDirExportTP",
    "TPid *string; FileFormat *string; FieldSeparator *string; ExportPath *string; Compress *bool",
)
_PLAN: Final = shape("v1.AttrRemTp", "TPid string")
_TIMES: Final = shape("v1.LoadTimeArgs", "Timezone string; Item string")


def _part(name: str, fields: str, handler: Handler) -> Method:
    return method(f"APIerSv1.{name}", shape(f"v1.Attr{name}", f"TPid string; {fields}; {_OPTS}"), handler, "TPid")


METHODS: Final = (
    method("APIerSv1.LoadTariffPlanFromFolder", _LOAD_FOLDER, _load_folder),
    method("APIerSv2.LoadTariffPlanFromFolder", _LOAD_FOLDER, _load_folder_v2),
    method("APIerSv1.RemoveTPFromFolder", _LOAD_FOLDER, _remove_folder),
    method("APIerSv1.ImportTariffPlanFromFolder", _IMPORT_FOLDER, _import_folder, "TPid FolderPath"),
    method("APIerSv1.ImportTPZipFile", _IMPORT_ZIP, _import_zip, "TPid File"),
    method("APIerSv1.ExportTPToFolder", _EXPORT, _export_folder, "TPid"),
    method("APIerSv1.ExportTPToZipString", _EXPORT, _export_zip, "TPid"),
    method("APIerSv1.LoadTariffPlanFromStorDb", _LOAD_STORED, _load_stored, "TPid"),
    method("APIerSv1.RemoveTPFromStorDB", _LOAD_STORED, _remove_stored, "TPid"),
    _part("LoadDestination", "ID string", _part_loader("Destinations", "ID")),
    _part("LoadRatingPlan", "RatingPlanId string", _part_loader("RatingPlans", "RatingPlanId")),
    _part("LoadSharedGroup", "SharedGroupId string", _part_loader("SharedGroups", "SharedGroupId")),
    method("APIerSv1.LoadRatingProfile", RATING_PROFILE, _part_loader("RatingProfiles", ""), "TPid"),
    method("APIerSv1.LoadAccountActions", ACCOUNT_ACTIONS, _part_loader("AccountActions", ""), "TPid"),
    method(
        "APIerSv2.LoadRatingProfile",
        shape("v2.AttrLoadRatingProfile", "TPid string; RatingProfileID string"),
        _part_loader("RatingProfiles", "RatingProfileID", 4),
        "TPid",
    ),
    method(
        "APIerSv2.LoadAccountActions",
        shape("v2.AttrLoadAccountActions", "TPid string; AccountActionsId string"),
        _part_loader("AccountActions", "AccountActionsId", 3),
        "TPid",
    ),
    method("APIerSv1.RemTP", _PLAN, _remove_plan, "TPid"),
    method("APIerSv1.GetTPIds", shape("v1.AttrGetTPIds", ""), _get_plan_ids),
    method("APIerSv1.GetLoadIDs", TEXT, _get_load_ids),
    method("APIerSv1.GetLoadTimes", _TIMES, _get_load_times),
    method("APIerSv1.GetLoadHistory", PAGINATOR, _get_load_history),
)
