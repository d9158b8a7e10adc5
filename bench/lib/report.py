"""report.py - from runs to numbers: medians, ratios, spreads, geomeans; tables; results.json.

A round's ratio is the engine's median time in that round over native's in the same round, because
a round shares the machine's mood. The table shows the median of the rounds' ratios and their spread. On
a machine that others use, the geomean of least times (over all rounds) is the steadier number.
"""
import json
import math
import statistics

GROUPS = {"kernels": "compute kernels, user mode", "micro": "system microbenchmarks",
          "programs": "whole programs", "packages": "big programs from Debian's packages, in a boot of their own"}


def median_ns(run, test):
    values = run.results.get(test)
    return statistics.median(ns for _, ns, _ in values) if values else None


def least_ns(runs, test):
    """The least of the rounds' medians: native repeats more, and must not win by that."""
    return min(median_ns(run, test) for run in runs)


class Summary:
    """One cell for each test and engine: either ratio, low, high, least (of least times), ns - or fail."""

    def __init__(self, tests, rounds, keys, base="native"):
        self.tests, self.rounds, self.keys, self.base = tests, rounds, keys, base
        self.cells = {}
        self.n_failed = 0
        for test in tests:
            checks = self.reference_checks(test)
            for key in keys:
                self.cells[test, key] = self.judge(test, key, checks)
                self.n_failed += "fail" in self.cells[test, key]

    def runs(self, key):
        return [one[key] for one in self.rounds if key in one]

    def reference_checks(self, test):
        """What the result must be: native's, or without native the first engine's that has one."""
        for key in [self.base, "native"] + self.keys:
            for run in self.runs(key):
                if test in run.results:
                    return {run.results[test][0][0]}
        return set()

    def judge(self, test, key, checks):
        runs = self.runs(key)
        for run in runs:
            if test in run.failures:
                return {"fail": run.failures[test]}
            if test not in run.results:
                return {"fail": "no result" + (": " + run.trouble if run.trouble else "")}
            wrong = {check for check, _, _ in run.results[test]} - checks
            if wrong:
                return {"fail": "checksum %s, native has %s" % (min(wrong), min(checks))}
        if not runs:
            return {"fail": "not run"}
        cell = {"ns": statistics.median(median_ns(run, test) for run in runs)}
        ratios = []
        for one in self.rounds:
            if self.base in one and key in one:
                base = median_ns(one[self.base], test)
                if base:
                    ratios.append(median_ns(one[key], test) / base)
        if ratios:
            cell["ratio"] = statistics.median(ratios)
            cell["low"], cell["high"] = min(ratios), max(ratios)
            cell["least"] = least_ns(runs, test) / least_ns(self.runs(self.base), test)
        return cell

    def ratios(self, group, key, kind="ratio"):
        return [(self.cells[test, key][kind], test) for test in self.tests
                if test.startswith(group + "/") and kind in self.cells[test, key]]

    def geomean(self, group, key, kind="ratio"):
        logs = [math.log(ratio) for ratio, _ in self.ratios(group, key, kind) if ratio > 0]
        return math.exp(sum(logs) / len(logs)) if logs else None

    def as_json(self):
        tests = {}
        for (test, key), cell in self.cells.items():
            tests.setdefault(test, {})[key] = cell
        groups = {}
        for group in GROUPS:
            for key in self.keys:
                ratios = self.ratios(group, key)
                if ratios and key != self.base:
                    worst = max(ratios)
                    groups.setdefault(group, {})[key] = {
                        "geomean": self.geomean(group, key), "worst": worst[0],
                        "geomean_least": self.geomean(group, key, "least"),
                        "worst_test": worst[1], "n_tests": len(ratios)}
        return {"base": self.base, "tests": tests, "groups": groups}


def human_ns(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return "%.3g %s" % (ns / size, unit)
    return "%.3g ns" % ns


def human_ratio(ratio):
    return "%.2f" % ratio if ratio < 10 else "%.1f" % ratio if ratio < 100 else "%.0f" % ratio


def print_table(head, rows):
    """First column left, the others right."""
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths]] + rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def print_group(summary, group):
    tests = [test for test in summary.tests if test.startswith(group + "/")]
    keys = [key for key in summary.keys if key != summary.base]
    base_known = any(summary.base in one for one in summary.rounds)
    if not tests:
        return
    print("\n## %s: %s%s\n" % (group, GROUPS[group], ", ratio to %s (spread over rounds)" %
                               summary.base if base_known else ", time"))
    head = [group] + ([summary.base] if base_known else []) + keys
    rows, failures = [], []
    for test in tests:
        row = [test.split("/")[1]]
        for key in head[1:]:
            cell = summary.cells[test, key]
            if "fail" in cell:
                row.append("FAIL")
                failures.append("FAIL %s %s: %s" % (test, key, cell["fail"]))
            elif key == summary.base or "ratio" not in cell:
                row.append(human_ns(cell["ns"]))
            else:
                row.append("%s (%s-%s)" % tuple(human_ratio(cell[part])
                                                for part in ("ratio", "low", "high")))
        rows.append(row)
    if base_known:
        for label, pick in (("geomean", lambda key: human_ratio(summary.geomean(group, key))),
                            ("geomean of least times", lambda key: human_ratio(summary.geomean(group, key, "least"))),
                            ("worst", lambda key: "%s %s" % (human_ratio(max(summary.ratios(group, key))[0]),
                                                             max(summary.ratios(group, key))[1].split("/")[1]))):
            rows.append([label, ""] + [pick(key) if summary.ratios(group, key) else "-" for key in keys])
    print_table(head, rows)
    # Many failures with one reason (the machine did not boot) are one line.
    for line in failures[:8] + (["... and %d more" % (len(failures) - 8)] if len(failures) > 8 else []):
        print(line)


def values_of(runs, name, scale=1.0):
    return [getattr(run, name) / scale for run in runs if getattr(run, name) is not None]


def machine_row(title, runs):
    boots = values_of(runs, "boot_s")
    boot = "%.2f (%.2f-%.2f)" % (statistics.median(boots), min(boots), max(boots)) if boots else "FAIL"
    cells = []
    for name in ("max_rss_kib", "pss_kib", "guest_ram_kib", "own_kib"):
        values = values_of(runs, name, 1024)
        cells.append("%.0f" % statistics.median(values) if values else "?")
    user, system = values_of(runs, "user_s"), values_of(runs, "system_s")
    cpu = "%.1f" % statistics.median(u + s for u, s in zip(user, system)) if user else "?"
    wall = values_of(runs, "total_s")
    return [title, boot, "%.1f" % statistics.median(wall) if wall else "?", cpu] + cells


def print_machines(summary):
    """Boot time and memory, for engines that are machines."""
    keys = [key for key in summary.keys if "/" in key]
    if not keys:
        return
    print("\n## boot: seconds from process start to init's first line; memory of the process, MiB\n")
    rows = []
    for key in keys:
        runs = summary.runs(key)
        packages = [run.packages for run in runs if run.packages]
        if any(run.total_s is not None for run in runs):
            rows.append(machine_row(key, runs))
        if packages:
            rows.append(machine_row(key + " packages", packages))
    print_table(["machine", "boot s", "whole run s", "cpu s", "max RSS", "PSS at end", "guest RAM",
                 "own"], rows)
    notes = []
    for key in summary.keys:
        for run in summary.runs(key):
            if run.trouble:
                notes.append("%s: %s; last lines: %s" % (key, run.trouble, " | ".join(run.tail[-3:])))
            notes += ["%s: %s" % (key, note) for note in run.notes]
    for note in sorted(set(notes)):
        print("note: %d times %s" % (notes.count(note), note))


def print_all(summary, groups):
    for group in groups:
        print_group(summary, group)
    print_machines(summary)


def write_json(path, settings, summaries):
    first = summaries[0]
    boot = {}
    for key in first.keys:
        boots = values_of(first.runs(key), "boot_s")
        if boots:
            boot[key] = {"median_s": statistics.median(boots), "low_s": min(boots), "high_s": max(boots),
                         "n": len(boots)}
    document = {"settings": settings, "boot": boot,
                "summaries": [summary.as_json() for summary in summaries],
                "rounds": [{key: run.as_json() for key, run in one.items()} for one in first.rounds]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, sort_keys=True)
        file.write("\n")
