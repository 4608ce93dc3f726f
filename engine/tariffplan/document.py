"""The manual's page on tariff plans, written from the table of sheets: python -m engine.tariffplan.document docs/tariff-plans.md"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from engine.tariffplan.oldsheets import OLD_SHEETS
from engine.tariffplan.sheet import Sheet
from engine.tariffplan.sheets import SHEETS

_HEAD: Final = """# Tariff plans

<!-- Written by `python -m engine.tariffplan.document docs/tariff-plans.md`; do not edit by hand. -->

A tariff plan is a folder of CSV files, the sheets: what things cost, who is priced by what, which accounts there are and what happens
to them. Any of the sheets below may be there or not; files in folders inside the folder count as well. A plan that was written for
CGRateS loads as it is.

    tollwire load --dry-run packaging/tariffplans/tutorial    says what is wrong with it, and what it would bring
    tollwire load packaging/tariffplans/tutorial              loads it

Over JSON-RPC `APIerSv1.LoadTariffPlanFromFolder {"FolderPath": ..., "DryRun": false}` reads a folder of the machine that the gateway
runs on.

**All or nothing.** A plan is read and checked whole before anything of it counts, and then all of it counts at once. If something is
wrong, nothing is loaded and everything that is wrong is told, each thing with its file, line and column and the nearest name that
exists:

    RatingPlans.csv:3:13: could not find destination rate for tag "DR_NIHGT" (did you mean DR_NIGHT?)
    Rates.csv:7:16: RateUnit: time: unknown unit "sec" in duration "60sec"

Warnings do not stop a load: a price that begins inside a step of the one before it, a rating plan that leaves hours of the week open, a
name that nothing has yet. Notices say what was not read.

**What loading does to what is there.** Items of the plan replace stored ones of the same name; others stay. An account keeps its
balances; it is given the flags, the triggers and the plan of its row. Accounts of an action plan and members of a shared group stay.
Names may refer to items that were loaded before.

## How sheets are written

- Cells are parted by commas (`tollwire load --separator` names another character), rows by line ends. UTF-8.
- Lines that begin with `#` are comments; empty lines count for nothing. There is no header row: write it as a comment.
- A cell with a comma, a quote or a line end in it stands in quotes, a quote in it is written twice. Every row has all cells of its sheet.
- Several values in a cell are parted by `;`.
- Numbers are decimal and taken exactly as written. An empty number is 0, an empty flag is false.
- Durations: `90s`, `1h30m`, `250ms`; a number alone counts nanoseconds of a call, octets or events. `*unlimited` and `-1` where a
  column allows it.
- Instants: `2026-03-01T00:00:00Z`, `2026-03-01 00:00:00` (in the gateway's time zone), seconds since 1970; `*now`, `+24h`. Empty is always.
- Rows with the same tag, or the same tenant and ID, make one item. In a profile a further row adds to its lists and elements; a cell
  that is empty there says nothing.

These timings need no row: `*any`, `*asap` (at once), `*every_minute`, `*hourly`, `*daily`, `*weekly`, `*monthly`, `*monthly_estimated`
(on the last day of a month that lacks the day), `*month_end`, `*yearly`; recurring ones are anchored at the moment of the load.

## The sheets
"""

_OLD: Final = """
## Older layouts

A sheet of the years when calls had a direction is told by its columns: RatingProfiles with 8, Actions with 18, ActionTriggers with 23,
Filters whose comment says FilterFieldName. It is read as today's; a notice names the columns that have no meaning any more.

These sheets belong to engines of that time. They are read, checked and kept, and a notice says so:
"""

_TUTORIAL: Final = """
## The tutorial

`packaging/tariffplans/tutorial` is the plan of a small operator in the country +999, written for this manual. It has every sheet. Its
tenant is `default`.

**Prices.** Calls within the network (+99970) cost 0.03 a minute, counted by the second. Calls to fixed and mobile numbers cost more by
day: `TM_DAY` begins at 07:00 from Monday to Friday, `TM_EVENING` at 20:00, `TM_NIGHT` at midnight, and `TM_WEEKEND` is Saturday and Sunday.
Each price lasts until the next one begins or the day ends. `TM_NEW_YEAR` is heavier (20 against 10): on January 1st it beats the others.
The longest prefix decides the destination, so a call to +99970123 is `DST_OWN` though +9997 is `DST_MOBILE`.

`RT_FIXED_DAY` has two slots: the first minute is paid whole, from then on seconds count. Satellite calls end when they have cost 25
(`*disconnect`). Data costs 0.02 a megabyte in steps of 100 KB; a message costs 0.07 within the country and 0.19 elsewhere, for `*any`
is taken only where no prefix fits.

A firm's calls are priced by its own plan, `RP_BUSINESS`: its subject is `business` (the attribute profile `ATTR_FIRM` writes it into its
events). That plan knows national numbers only; for all others its profile names `*any` as the subject to fall back to.

**Accounts.**

| account | plan | what it has |
|---|---|---|
| anna | `AP_PREPAID` | 12.50 of money; a word in the log when less than 2 is left, a stop after 60 spent on satellite calls |
| bjorn | `AP_BUNDLE` | the same, and each month anew 100 minutes to national numbers, 2 GB, 50 messages |
| carla, david | `AP_FAMILY` | 20 each that both draw on (`SG_FAMILY`), and an hour to Europe between 21:00 and midnight |
| firm | | may owe: it is billed |
| former | | disabled |

A minute of bjorn's to a fixed number comes from his bundle: it is for these destinations, and heavier than his money. The 101st is
paid from `prepaid`.

**The rest** shows the policy sheets at work on the same operator: two runs of a call abroad (`CRG_RETAIL` charges the customer,
`CRG_CARRIER` prices what the carrier takes), a firm with eight lines and two addresses, quality of two carriers measured, followed over
time and ranked, a threshold that reports when it falls, and routes by cost.
"""


def _sheet(sheet: Sheet) -> str:
    lines = [f"\n### {sheet.file}\n", sheet.about, "", "| column | type | meaning |", "|---|---|---|"]
    lines += [f"| {column.name} | {column.type} | {_escaped(column.about)} |" for column in sheet.columns]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def document() -> str:
    """The page."""
    old = "".join(f"- **{sheet.file}**: {sheet.about}\n  {', '.join(sheet.header)}\n" for sheet in OLD_SHEETS)
    return _HEAD + "".join(_sheet(sheet) for sheet in SHEETS) + _OLD + "\n" + old + _TUTORIAL


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document())
