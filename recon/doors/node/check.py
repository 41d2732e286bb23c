"""What a configuration can't mean: rules that never fire, and results that go nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recon.doors.node.config import NodeConfig
from recon.doors.node.rules import Rule
from recon.doors.node.scans import roles_of

_SPECIAL = set(r".^$*+?{}[]\|()")


def findings(config: NodeConfig) -> Iterator[str]:
    """One line for everything about the rules that can't be meant so."""
    for index, rule in enumerate(config.rules):
        yield from _never(config, rule)
        for before in config.rules[:index]:
            if _covers(before, rule):
                yield f"rule {rule.name} never fires: rule {before.name} before it takes all that it is for"
                break
        if rule.task is not None and not rule.to:
            yield f"rule {rule.name} sends its results nowhere: it has no 'to'"
    for task in dict.fromkeys(rule.task for rule in config.rules if rule.task is not None and rule.role is not None):
        there = {rule.role for rule in config.rules if rule.task == task}
        for role in roles_of(task):
            if role not in there:
                yield f"no pair comes about: there is no rule for the {role} scan of {task}"
    named = {name for rule in config.rules for name in rule.destinations} | set(config.otherwise.originals_to)
    for name in config.destinations:
        if name not in named:
            yield f"destination {name} gets nothing: no rule names it"


def _covers(before: Rule, rule: Rule) -> bool:
    """Whether an earlier rule has no condition that a later one has not as well; sure, if not complete."""
    ours, theirs = before.when.given, rule.when.given
    for name, wanted in ours.items():
        if name == "most_ctdi_mgy":
            if not (name in theirs and theirs[name] <= wanted):
                return False
        elif theirs.get(name) != wanted and wanted not in (".*", ""):
            literal = theirs.get(name)
            # a plain word that the earlier pattern fits is fitted whenever the later rule's is
            if literal is None or _SPECIAL & set(literal) or not _fits(name, wanted, literal):
                return False
    return True


def _fits(name: str, pattern: str, value: str) -> bool:
    match = re.fullmatch if name in ("called", "calling", "modality") else re.search
    return match(pattern, value, re.IGNORECASE) is not None


def _never(config: NodeConfig, rule: Rule) -> Iterator[str]:
    called, calling = rule.when.called, rule.when.calling
    if called is not None and not any(_fits("called", called, title) for title in config.titles):
        yield f"rule {rule.name} never fires: the node has no title that fits called: {called}"
    titles = [sender.title for sender in config.senders]
    if calling is not None and "*" not in titles and not any(_fits("calling", calling, title) for title in titles):
        yield f"rule {rule.name} never fires: no sender's title fits calling: {calling}"
