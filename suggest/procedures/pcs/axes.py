"""Decides the axes of a pattern: what the chart says of each, what stands for it where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from suggest.procedures.pcs.context import BOTH, LEFT, RIGHT, NoteContext, Sided, Span, distance
from suggest.procedures.pcs.numbers import stated_counts, stated_hours
from suggest.procedures.pcs.phrases import Match, longest
from suggest.procedures.pcs.tables import AxisRule, Procedure, Site, Value

_AROUND = 80  # tokens: how far from a procedure its approach or device may stand in another sentence
_LIST_GAP = 3  # tokens between the body parts of a list: "stomach, duodenum and ileum"
_MOST_SITES = 3
_ELSEWHERE = 0.6  # quality where the body part stands in another sentence
_SITE_AROUND = 30
_NOTE = 3000  # tokens: a body part that words beside it tell may stand this far away
_SIDES = 3  # values of an axis by side: right, left, both; a fourth stands where no side is said
_OPEN_SIDE = 0.5
_SIDE_AROUND = 60
_CONVERTED = "converted"
_ACCESS = "access"
_ACCESS_GAP = 2
_BESIDE = 3  # tokens from "right" to "heart catheterization"; farther or behind it is the side of access
_SIGN = 2  # what a punctuation mark between procedure and body part counts, in tokens


@dataclass(frozen=True, slots=True)
class Choice:
    """A value for an axis.

    Attributes:
        value: The character (for sites, system and body part are two choices).
        said: Whether the chart says it.
        span: Tokens that say it.
    """

    value: str
    said: bool = True
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """A body part: its system (first two characters), its value, and how sure that is.

    ``together`` marks the sides of a pair that are both coded, for want of a value for both.
    """

    system: str
    value: str
    quality: float = 1.0
    said: bool = True
    span: Span | None = None
    together: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A code with the axes that were not said, the spans that decided, and how sure it is."""

    code: str
    unsaid: tuple[int, ...]
    spans: tuple[Span, ...]
    quality: float


class Axes:
    """Fills patterns with the values that a note names, as far as codes exist."""

    def __init__(self, sites: Sequence[Site], values: Sequence[Value], following: Callable[[str], str]) -> None:
        """Takes the tables; ``following`` returns the characters that may follow the beginning of a code."""
        self._sites = sites
        self._values = values
        self._following = following
        self._numbered: dict[str, list[Value]] = {}
        for value in values:
            if value.unit:
                self._numbered.setdefault(value.set, []).append(value)

    def sites(self, procedure: Procedure, cue: Match, note: NoteContext, *, most: int) -> list[list[SiteChoice]]:
        """Returns body parts for a procedure, each with its choices, the likeliest first.

        Several come from a list in the sentence (guideline B3.2a: the same procedure on several body parts).
        """
        if procedure.sided:
            return [self._sided(procedure.sided, cue, note)]
        if not procedure.systems:
            return [[SiteChoice("", "")]]
        near = self._near_sites(procedure, cue, note)
        if near:
            return [self._of_match(match, procedure, note, 1.0 - 0.15 * i, most) for i, match in enumerate(near)]
        elsewhere = self._sites_elsewhere(procedure, cue, note)
        return [
            self._of_match(match, procedure, note, _ELSEWHERE * (1.0 - 0.15 * i), most)
            for i, match in enumerate(elsewhere)
        ]

    def fill(self, procedure: Procedure, site: SiteChoice, cue: Match, note: NoteContext) -> list[Filled]:
        """Returns the codes of a pattern at a site: the likeliest, and others where an axis is left open."""
        options = [self._options(letter, i, procedure, site, cue, note) for i, letter in enumerate(procedure.pattern)]
        found: list[Filled] = []
        for code, choices in self._complete("", options, ()):
            unsaid = tuple(
                i for i, choice in enumerate(choices) if not choice.said and len(self._following(code[:i])) > 1
            )
            spans = tuple(choice.span for choice in choices if choice.span) + ((site.span,) if site.span else ())
            found.append(Filled(code, unsaid, spans, site.quality * procedure.quality))
            if not any(self._is_open(procedure, i) for i in unsaid) or len(found) > 1:
                break
        return found

    def _is_open(self, procedure: Procedure, position: int) -> bool:
        rule = procedure.axes.get(procedure.pattern[position])
        return rule is not None and rule.alternative

    def _complete(
        self, prefix: str, options: Sequence[Sequence[Choice]], chosen: tuple[Choice, ...]
    ) -> Iterator[tuple[str, tuple[Choice, ...]]]:
        """Yields codes that exist, in the order of the choices."""
        if not options:
            yield prefix, chosen
            return
        allowed = self._following(prefix)
        for choice in options[0]:
            if choice.value in allowed:
                yield from self._complete(prefix + choice.value, options[1:], (*chosen, choice))

    def _options(
        self, letter: str, position: int, procedure: Procedure, site: SiteChoice, cue: Match, note: NoteContext
    ) -> list[Choice]:
        if letter == "s":
            return [Choice(site.system[1], span=site.span)]
        rule = procedure.axes.get(letter)
        if letter == "p" and rule is None:
            return [Choice(site.value, site.said, site.span)]
        if rule is None or position < 3:  # section, system and operation are never left to the chart
            return [Choice(letter)]
        said = self._said(rule, cue, note)
        values = {choice.value for choice in said}
        default = rule.default[_SIDES:] if rule.set == "side" else rule.default
        return said + [Choice(value, said=False) for value in default if value not in values]

    def _said(self, rule: AxisRule, cue: Match, note: NoteContext) -> list[Choice]:
        if rule.set == "side":
            return self._said_side(rule, cue, note)
        if rule.set in self._numbered:
            return self._said_number(self._numbered[rule.set], cue, note)
        here = [
            (0 if value.set == _CONVERTED else 1, distance(match, cue), value.value, match)
            for match in longest(note.values_in(cue))
            for value in self._of_set(match, rule.set)
            if rule.set == "approach" or not _of_another(match, cue, note)
        ]
        here.sort(key=lambda item: item[:3])
        found = [Choice(value, span=(match.first, match.last)) for _, _, value, match in here]
        if not found and rule.open:
            for match in note.values_around(cue, _AROUND):
                values = [value for value in self._of_set(match, rule.set) if _carries(value.value, rule)]
                if values:
                    found = [Choice(value.value, span=(match.first, match.last)) for value in values]
                    break
        return list({choice.value: choice for choice in reversed(found)}.values())[::-1]

    def _of_set(self, match: Match, name: str) -> list[Value]:
        wanted = (name, _CONVERTED) if name == "approach" else (name,)
        return [self._values[i] for i in match.ids if self._values[i].set in wanted]

    def _said_side(self, rule: AxisRule, cue: Match, note: NoteContext) -> list[Choice]:
        """Returns the value for the side said; the rule names those for right, left and both."""
        side = note.side_of(cue)
        if side is None or not 0 < cue.first - side.token <= _BESIDE:
            return []
        value = rule.default[{RIGHT: 0, LEFT: 1}.get(side.bit, 2)]
        return [Choice(value, span=(side.token, side.token + 1))]

    def _said_number(self, values: Sequence[Value], cue: Match, note: NoteContext) -> list[Choice]:
        offset, text = note.span_text(cue)
        if values[0].unit == "count":
            place = note.text_of(cue.first, cue.last)[0] - offset
            stated = min(stated_counts(text), key=lambda s: abs(s.start - place), default=None)
        else:
            stated = stated_hours(text)
        if stated is None and values[0].unit == "ventilation":
            offset, stated = 0, note.ventilated
        if stated is None:
            return []
        span = (note.token_at(offset + stated.start), note.token_at(offset + stated.end - 1) + 1)
        return [Choice(v.value, span=span) for v in values if v.low <= stated.number <= v.high]

    def _near_sites(self, procedure: Procedure, cue: Match, note: NoteContext) -> list[Match]:
        """Returns the site of the sentence nearest to the procedure, with those listed beside it."""
        usable = longest([match for match in note.sites_in(cue) if self._fits(match, procedure)])
        usable = [match for match in usable if not self._is_access(match, cue, note)] or usable
        if not usable:
            return []
        nearest = min(range(len(usable)), key=lambda i: (self._site_distance(usable[i], cue, note), -usable[i].words))
        listed = [usable[nearest]]
        for step in (1, -1):
            i = nearest + step
            while 0 <= i < len(usable) and distance(usable[i], usable[i - step]) <= _LIST_GAP:
                listed.append(usable[i])
                i += step
        return listed[:_MOST_SITES]

    def _site_distance(self, site: Match, cue: Match, note: NoteContext) -> int:
        """Tokens from a procedure to a body part; signs between them put it farther."""
        between = (cue.last, site.first) if site.first >= cue.last else (site.last, cue.first)
        return distance(site, cue) + _SIGN * note.signs(*between)

    def _is_access(self, site: Match, cue: Match, note: NoteContext) -> bool:
        """Tells whether a body part is the way in ("via right femoral artery"), not the place of the procedure."""
        return any(
            self._values[i].set == _ACCESS and 0 <= site.first - match.last <= _ACCESS_GAP
            for match in note.values_in(cue)
            for i in match.ids
        )

    def _sites_elsewhere(self, procedure: Procedure, cue: Match, note: NoteContext) -> list[Match]:
        """Returns the nearest body part of another sentence, with those listed beside it in their order.

        It may stand anywhere in the note where words beside it tell that it is meant (condition ``site:``).
        """
        beside = [condition.words for condition in procedure.conditions if condition.kind == "site"]
        track = note.sites_beside(beside[0]) if beside else note.sites
        near = [m for m in track.near(cue, _NOTE if beside else _SITE_AROUND) if self._fits(m, procedure)]
        if not near:
            return []
        nearest = min(
            near,
            key=lambda m: (
                _other_side(m, cue, note),
                self._rank(m, procedure) if beside else 0,
                distance(m, cue),
                -m.words,
            ),
        )
        beside_it = [m for m in longest(near) if m.sentence == nearest.sentence and distance(m, nearest) <= _LIST_GAP]
        return beside_it[:_MOST_SITES] or [nearest]

    def _rank(self, match: Match, procedure: Procedure) -> int:
        """Returns the place of the system of a body part among those of a procedure, the usual first."""
        systems = {self._sites[i].system for i in match.ids}
        return next(i for i, system in enumerate(procedure.systems) if system in systems)

    def _fits(self, match: Match, procedure: Procedure) -> bool:
        sites = (self._sites[i] for i in match.ids)
        return any(site.system in procedure.systems and self._exists(procedure, site) for site in sites)

    def _of_match(
        self, match: Match, procedure: Procedure, note: NoteContext, quality: float, most: int
    ) -> list[SiteChoice]:
        """Returns the choices that a phrase allows, systems in the order of the procedure."""
        found: list[SiteChoice] = []
        sites = [self._sites[i] for i in match.ids]
        for system in procedure.systems:
            for site in sites:
                if site.system == system and self._exists(procedure, site):
                    found += self._sides(site, match, note, quality)
                    quality *= 0.8
        if most > 1:
            return found
        return found[:2] if found and (found[0].together or not found[0].said) else found[:1]

    def _exists(self, procedure: Procedure, site: Site) -> bool:
        allowed = self._following(site.system + procedure.pattern[2])
        return any(value in allowed for value in (site.right, site.left, site.both, site.none))

    def _sides(self, site: Site, match: Match, note: NoteContext, quality: float) -> list[SiteChoice]:
        span = (match.first, match.last)
        values = (site.right, site.left, site.both)
        if values == (".", ".", "."):
            return [SiteChoice(site.system, site.none, quality, span=span)]
        side = self._side(match, note)
        return [
            replace(choice, system=site.system, span=span) for choice in _choose_side(values, site.none, side, quality)
        ]

    def _side(self, match: Match, note: NoteContext) -> Sided | None:
        """Returns the side of a body part: from its sentence, another that names it with a side, or near by."""
        return note.side_of(match) or note.side_elsewhere(match) or note.side_around(match, _SIDE_AROUND)

    def _sided(self, values: str, cue: Match, note: NoteContext) -> list[SiteChoice]:
        side = note.side_of(cue) or note.side_around(cue, _SIDE_AROUND)
        return _choose_side((values[0], values[1], values[2]), values[3], side, 1.0)


def _of_another(value: Match, cue: Match, note: NoteContext) -> bool:
    """Tells whether a device or qualifier stands nearer to another mention of the same procedure."""
    return any(
        other.sentence == cue.sentence
        and distance(other, value) < distance(cue, value)
        and distance(other, cue) > 0
        and not set(other.ids).isdisjoint(cue.ids)
        for other in note.procedures.near(value, distance(cue, value))
    )


def _carries(value: str, rule: AxisRule) -> bool:
    """Tells whether a value of another sentence may hold here: "percutaneous" only where that is usual."""
    return rule.set != "approach" or value in "048" or value == rule.default[:1]


def _other_side(site: Match, cue: Match, note: NoteContext) -> bool:
    """Tells whether the sentence of a procedure names a side that the sentence of a body part does not."""
    wanted = note.side_of(cue)
    there = note.side_of(site)
    return wanted is not None and (there is None or there.bit != wanted.bit)


def _choose_side(values: tuple[str, str, str], none: str, side: Sided | None, quality: float) -> list[SiteChoice]:
    """Returns the values of a paired body part: that of its side, else that of no side, else right and left, open.

    Where no value stands for both sides, each is coded (guideline B4.3).
    """
    right, left, both = values
    if side is not None:
        wanted = {RIGHT: (right,), LEFT: (left,), BOTH: (both,) if both != "." else (right, left)}.get(
            side.bit, (right, left)
        )
        known = [value for value in wanted if value != "."]
        if known:
            return [SiteChoice("", value, quality, together=len(known) > 1) for value in known]
    if none != ".":
        return [SiteChoice("", none, quality)]
    return [SiteChoice("", v, quality * _OPEN_SIDE, said=False) for v in (right, left) if v != "."]
