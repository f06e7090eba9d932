#!/usr/bin/env python3
"""Compares a replayed log of sales with the ledger that came of it, to the minor unit.

Usage: sum_replay.py LOG.csv[.gz] ENTRIES.jsonl

It shares no line with the replay: the rules of docs/how-to/replay.md are written here a second time, for the
layout of UCI Online Retail II. LOG is what was replayed, ENTRIES what `lojal replay --export` saved of
GET /v1/entries. It compares, per month and per customer: turnover at list price, what was given back at the
list price of then, and for each sale and customer the points. Exit code 1 when anything differs.
"""

import collections
import csv
import datetime
import decimal
import gzip
import json
import sys

SKIPPED = {
    "BANK CHARGES": "bank_charge", "AMAZONFEE": "bank_charge",
    "M": "manual_adjustment", "m": "manual_adjustment", "ADJUST": "manual_adjustment", "ADJUST2": "manual_adjustment",
    "B": "manual_adjustment", "D": "discount_note", "S": "sample", "TEST001": "test_product", "TEST002": "test_product",
}
NO_POINTS = ("POST", "DOT", "C2", "C3")  # postage; gift vouchers begin with gift_


def minor(text):
    """Gives a price in pence, None when it has a fraction of one."""
    pence = decimal.Decimal(text) * 100
    return int(pence) if pence == pence.to_integral_value() else None


def reason(invoice, sku, qty, pence):
    """Gives the rule that leaves a row out, None when it is booked."""
    cancels = invoice.startswith("C")
    if invoice.startswith("A"):
        return "bad_debt"
    if sku in SKIPPED:
        return SKIPPED[sku]
    if qty == 0:
        return "quantity_zero"
    if qty < 0 and not cancels:
        return "stock_write_off"
    if qty > 0 and cancels:
        return "positive_cancellation"
    if pence is None:
        return "price_fraction"
    if pence == 0:
        return "price_zero"
    if pence < 0:
        return "price_negative"
    return None


class Books:
    """Sums per month and per customer, and what each operation should be."""

    def __init__(self):
        self.sold = collections.Counter()  # (month, customer): pence
        self.back = collections.Counter()
        self.sales = {}  # receipt: (customer, gross, gross that earns)
        self.returns = {}  # receipt: (gross, lines)
        self.reasons = collections.Counter()
        self.rows = 0
        self.booked = 0


def read_log(path):
    """Books a log by the rules."""
    opened = gzip.open if path.endswith(".gz") else open
    invoices = collections.OrderedDict()
    with opened(path, "rt", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            invoices.setdefault(row["invoice"].strip(), []).append(row)
    ordered = sorted(invoices.items(), key=lambda pair: pair[1][0]["sold_at"])  # stable: by the first row
    books, stock = Books(), collections.defaultdict(list)
    for number, rows in ordered:
        month = rows[0]["sold_at"][:7]
        kept = []
        for row in rows:
            books.rows += 1
            line = (
                row["sku"].strip(), int(row["qty"]), minor(row["price"].strip()),
                row["customer"].strip().removesuffix(".0"),
            )
            why = reason(number, line[0], line[1], line[2])
            if why:
                books.reasons[why] += 1
            else:
                kept.append(line)
        if not kept:
            continue
        if number.startswith("C"):
            cancel(books, stock, number, month, kept)
        else:
            sell(books, stock, number, month, kept)
    return books


def sell(books, stock, number, month, lines):
    customer = lines[0][3]
    gross = earning = 0
    for sku, qty, pence, _ in lines:
        gross += qty * pence
        if sku not in NO_POINTS and not sku.startswith("gift_"):
            earning += qty * pence
        stock[customer, sku].append([number, qty, pence])
    books.sales[number] = (customer, gross, earning)
    books.sold[month, customer] += gross
    books.booked += len(lines)


def cancel(books, stock, number, month, lines):
    of_sale = collections.OrderedDict()
    for sku, qty, _, customer in lines:
        left = wanted = -qty
        if customer:
            for lot in reversed(stock[customer, sku]):
                taken = min(left, lot[1])
                if taken == 0:
                    continue
                lot[1] -= taken
                left -= taken
                sums, touched = of_sale.setdefault(lot[0], ([], set()))
                sums.append(taken * lot[2])
                touched.add(id(lot))
                if left == 0:
                    break
        if left == wanted:
            books.reasons["cancelled_blind"] += 1
        else:
            books.booked += 1
    for i, (sums, touched) in enumerate(of_sale.values(), 1):
        books.returns[f"{number}-{i}"] = (sum(sums), len(touched))
        books.back[month, lines[0][3]] += sum(sums)


class Ledger:
    """What the exported entries say, summed on their own."""

    def __init__(self):
        self.sold = collections.Counter()  # (month, customer): pence
        self.back = collections.Counter()
        self.sales = {}  # receipt: answer
        self.returns = {}
        self.earned = collections.Counter()  # receipt: points, by the postings
        self.burned = collections.Counter()
        self.moved = collections.Counter()  # customer: points
        self.expired = collections.Counter()
        self.clawed = collections.Counter()
        self.restored = collections.Counter()


def read_entries(path):
    """Sums the ledger. Points come from the postings, money from the answers."""
    books, owner, last = Ledger(), {}, 0
    with open(path, encoding="utf-8") as f:
        for line in f:
            entry = json.loads(line)
            if entry["seq"] != last + 1:
                sys.exit(f"entry {entry['seq']} follows entry {last}")
            last = entry["seq"]
            add_entry(books, owner, entry)
    return books


def add_entry(books, owner, entry):
    result, customer = entry.get("result"), entry.get("customer", "")
    system = collections.Counter()
    points = 0
    for posting in entry["postings"]:
        if not posting.get("holder"):
            system[posting["kind"]] += posting["amount"]
            continue
        if result and customer:
            owner[posting["holder"]] = customer
        customer = customer or owner.get(posting["holder"], "")
        if posting["kind"].startswith("points"):
            points += posting["amount"]
    units = collections.Counter()
    for posting in entry["postings"]:
        units[posting["unit"]] += posting["amount"]
    if any(units.values()):
        sys.exit(f"entry {entry['seq']} does not balance: {dict(units)}")
    books.moved[customer] += points
    books.expired[customer] += system["BREAKAGE"]
    if not result:
        return
    month, receipt = entry["business_date"][:7], entry["receipt"]
    if entry["kind"] == "RET":
        books.returns[receipt] = result | {"month": month, "customer": customer}
        books.back[month, customer] += result["totals"]["refund"] + result["points"]["restored"]
        books.clawed[customer] += system["UNITS_ISSUED"]
        books.restored[customer] -= system["UNITS_REDEEMED"]
    else:
        books.sales[receipt] = result
        books.sold[month, customer] += result["totals"]["before"]
        books.earned[receipt] -= system["UNITS_ISSUED"]
        books.burned[receipt] += system["UNITS_REDEEMED"]


def compare(log, ledger):
    """Gives every difference as a line of text."""
    for name, want, have in (("sale", log.sales, ledger.sales), ("return", log.returns, ledger.returns)):
        for receipt in sorted(set(want) ^ set(have)):
            yield f"{name} {receipt} is only in the {'log' if receipt in want else 'ledger'}"
    for place in sorted(set(log.sold) | set(ledger.sold)):
        if log.sold[place] != ledger.sold[place]:
            yield f"turnover of {place}: log {log.sold[place]}, ledger {ledger.sold[place]}"
    rounding = collections.Counter()  # money refunded and points restored are each rounded, line by line (R8)
    for receipt, (gross, lines) in log.returns.items():
        if receipt not in ledger.returns:
            continue
        result = ledger.returns[receipt]
        off = result["totals"]["refund"] + result["points"]["restored"] - gross
        if abs(off) > (lines if result["points"]["restored"] else 0):
            yield f"return {receipt}: log {gross}, ledger {gross + off}"
        place = result["month"], result["customer"]
        rounding[place] += off
    for place in sorted(set(log.back) | set(ledger.back)):
        if log.back[place] + rounding[place] != ledger.back[place]:
            yield f"returned {place}: log {log.back[place]} and rounding {rounding[place]}, ledger {ledger.back[place]}"
    yield from compare_points(log, ledger)


def compare_points(log, ledger):
    earned, burned = collections.Counter(), collections.Counter()
    for receipt, (customer, gross, earning) in log.sales.items():
        result = ledger.sales.get(receipt)
        if result is None:
            continue
        burn = result["approved"]["burn_points"]
        earn = (earning - burn) // 100 if customer else 0  # a point for each whole pound, on what was paid
        if burn > earning or result["totals"]["payable"] != gross - burn:
            yield f"sale {receipt}: {gross} less {burn} points is not {result['totals']['payable']}"
        if (earn, earn, burn) != (result["approved"]["earn_points"], ledger.earned[receipt], ledger.burned[receipt]):
            yield f"sale {receipt}: earns {earn}, answered {result['approved']['earn_points']}, posted {ledger.earned[receipt]}"
        earned[customer] += earn
        burned[customer] += burn
    for customer in sorted(set(earned) | set(ledger.moved)):
        want = earned[customer] - burned[customer] - ledger.clawed[customer] + ledger.restored[customer] - ledger.expired[customer]
        if want != ledger.moved[customer]:
            yield f"customer {customer}: points add up to {want}, the accounts moved by {ledger.moved[customer]}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    log = read_log(sys.argv[1])
    if log.rows != log.booked + sum(log.reasons.values()):
        sys.exit(f"{log.rows} rows are not {log.booked} booked and {sum(log.reasons.values())} left out")
    print(f"log: {log.rows} rows, {log.booked} booked, left out {dict(sorted(log.reasons.items()))}")
    ledger = read_entries(sys.argv[2])
    differences = list(compare(log, ledger))
    for line in differences[:50]:
        print(line)
    places = len(set(log.sold) | set(ledger.sold))
    print(
        f"{len(log.sales)} sales, {len(log.returns)} returns, turnover {sum(log.sold.values())}, returned {sum(ledger.back.values())}, "
        f"{places} sums per month and customer, {len(differences)} differences"
    )
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
