"""The table of what was measured, against what, and whether it reaches its goal."""
import json


class Report:
    """Rows: what, measured, against, ratio, goal, met."""

    HEAD = ["what", "measured", "against", "ratio", "goal", "met"]

    def __init__(self):
        self.rows = []

    def add(self, what, measured, against="", ratio="", goal="", met=None):
        verdict = "" if met is None else "yes" if met else "NO"
        self.rows.append([what, measured, against, ratio, goal, verdict])
        print("  " + "  ".join(cell for cell in self.rows[-1] if cell), flush=True)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump([dict(zip(self.HEAD, row)) for row in self.rows], file, indent=1)

    def __str__(self):
        rows = [self.HEAD, *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.HEAD))]
        lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in rows]
        lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
        return "\n".join(lines)
