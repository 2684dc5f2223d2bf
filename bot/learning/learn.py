"""One run of learning: corrections → sentences → a new model, and → the site's channel; each is compared, and goes into
service or not; and back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.database import Database
from bot.dialogue.frozen import Sentence
from bot.dialogue.training import fingerprint, learned_folder, site_models, train, train_learned, trained_model
from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.grid.registry import Registry
from bot.grid.said_names import targets
from bot.learning import files, hearing, landmarks
from bot.learning.book import CorrectionBook, CorrectionCard
from bot.learning.comparing import HELD_OUT, Figures, figures, frozen_sets, worse
from bot.learning.examples import Example, as_file, examples_of, split
from bot.learning.lexicon_words import accept, as_lexicon, candidates, entry_of, keep, reject
from bot.learning.models import Decision
from bot.learning.private import Private
from bot.learning.rules import held_out
from bot.learning.runs import RunCard, RunLog
from bot.settings import Settings
from bot.sound import site
from bot.tickets.desk import TicketDesk
from nlu.lexicon import ordinary

Progress = Callable[[str], None]
#: models of a site's own that are kept
_KEPT_MODELS = 4
#: a training folder that nobody touched for so long is nobody's
_ABANDONED_S = 3600.0


class NotLearned(Refused):
    """Nothing was changed; the message says why."""


class Bench(Protocol):
    """Trains and measures; a test may use a quicker one."""

    def train(self, learned: Path) -> Path: ...

    def figures(self, model: Path, held_out: list[Sentence]) -> Figures: ...

    def entities(self, model: Path, texts: Iterable[str]) -> dict[str, list[str]]: ...


class RasaBench:
    """The real one."""

    def train(self, learned: Path) -> Path:
        return train_learned(learned, site_models())

    def figures(self, model: Path, held_out: list[Sentence]) -> Figures:
        return figures(model, {**frozen_sets(), HELD_OUT: held_out})

    def entities(self, model: Path, texts: Iterable[str]) -> dict[str, list[str]]:
        """Places, names and numbers that the model in use finds in these texts."""
        import asyncio

        from bot.learning.comparing import understanding_with

        async def work() -> dict[str, list[str]]:
            parse = understanding_with(model)
            return {text: [str(one) for one in (await parse(text)).entities.values()] for text in texts}

        return asyncio.run(work())


@dataclass(frozen=True)
class _Lesson:
    """What the corrections teach: sentences to train with and those that are kept for the comparison, corrections of
    what was heard and those that are kept; corrections that are done with, by what they wait for."""

    examples: list[Example]
    kept_out: list[Sentence]
    meant: list[hearing.Meant]
    unheard: list[hearing.Meant]
    counts: dict[str, int]
    done: set[int]
    of_sentences: set[int]
    of_sounds: set[int]


@dataclass(frozen=True)
class _Trial:
    """What became of one change: `tried` False when there was none; `reason` why it is not taken."""

    model: Path
    tried: bool = False
    reason: str = ""
    before: Figures = field(default_factory=dict)
    after: Figures = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        return self.tried and not self.reason


class Learning:
    """The commands behind `gege learn`. One at a time: each raises LearningBusy while another goes on."""

    def __init__(self, settings: Settings, database: Database, progress: Progress, bench: Bench | None = None) -> None:
        self._settings, self._database, self._progress = settings, database, progress
        self._bench = bench or RasaBench()
        self._book = CorrectionBook(database, settings.learning.relabels_a_day)
        self._log = RunLog(database)

    def learn(self, dry_run: bool = False) -> RunCard:
        """Learn from the accepted corrections; with `dry_run` only compare. Raises whatever went wrong, after logging."""
        with files.alone():
            number = self._log.begin()
            self._sweep()
            staged = files.staged_folder(number)
            try:
                return self._run(number, staged, dry_run)
            except BaseException as problem:
                self._log.end(number, Decision.failed, f"{type(problem).__name__}: {problem}"[:500])
                raise
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def _run(self, number: int, staged: Path, dry_run: bool) -> RunCard:
        old = self.model_in_use()
        if not dry_run:
            self._book.judge_again()
        corrections = self._book.corrections("accepted", "learned", *(("new",) if dry_run else ()), limit=100_000)
        registry = Registry.load(self._database)
        lesson = self._lesson(old, corrections, registry, write=not dry_run)
        self._stage(staged, lesson.examples)
        sentences = self._try_sentences(old, staged, lesson)
        counts = hearing.learned_from(lesson.meant)
        sounds = self._try_sounds(sentences.model if sentences.taken else old, counts, lesson, registry)
        trials = [one for one in (sentences, sounds) if one.tried]
        values: dict[str, Any] = {"counts": lesson.counts}
        if not trials:
            learned = () if dry_run else lesson.done
            return self._log.end(number, Decision.nothing, "there is nothing new to learn", learned, **values)
        shown = [one for one in trials if one.taken] or trials
        values["model"] = shown[0].model.name
        values["before"] = {**trials[-1].before, **trials[0].before}
        values["after"] = {**shown[0].after, **shown[-1].after}
        reasons = "; ".join(one.reason for one in trials if one.reason)
        if dry_run or not any(one.taken for one in trials):
            if sentences.model != old:
                sentences.model.unlink(missing_ok=True)
            decision = Decision.tried if dry_run else Decision.kept_old
            return self._log.end(number, decision, reasons or "it would be put into service", **values)
        self._put_in_service(
            number, staged if sentences.taken else None, site.as_text(counts) if sounds.taken else None
        )
        done = lesson.done - (lesson.of_sentences if sentences.reason else set())
        done -= lesson.of_sounds if sounds.reason else set()
        told = f"in part: {reasons}" if reasons else "no worse on anything that counts"
        card = self._log.end(number, Decision.in_service, told, done, **values)
        if sentences.taken:
            self._tidy(keep={old.name, sentences.model.name})
        elif sentences.model != old:
            sentences.model.unlink(missing_ok=True)
        return card

    def _lesson(self, old: Path, corrections: list[CorrectionCard], registry: Registry, write: bool) -> _Lesson:
        strip, share = self._strip(old, corrections), self._settings.learning.held_out
        before = {one.id for one in corrections if one.state == "learned"}
        examples = examples_of(corrections, strip)
        fresh = [one for one in examples if one.correction not in before]
        ids = list(dict.fromkeys(one.correction for one in fresh))
        learning, kept_out = split(fresh, held_out(len(ids), share))
        meant = hearing.meant_by(corrections, hearing.parts_of(registry))
        new = [one for one in meant if one.correction not in before]
        unheard = new[len(new) - held_out(len(new), share) :]
        waits = {one.correction for one in kept_out} | {one.correction for one in unheard}
        # What teaches neither a sentence nor a sound is done with as soon as its words are written down.
        done = {one.id for one in corrections} - waits
        words, places = (
            candidates(corrections, strip),
            landmarks.called_otherwise(corrections, targets(registry.county)),
        )
        if write:
            keep(words)
            landmarks.keep(places)
        counts = {
            "corrections": len(done - before),
            "held_out": len(waits),
            "examples": len(learning),
            "sounds": len(meant) - len(unheard),
            "words": len(words),
            "names": len(places),
        }
        return _Lesson(
            [*(one for one in examples if one.correction in before), *learning],
            [Sentence(one.text, one.intent) for one in kept_out],
            [one for one in meant if one not in unheard],
            unheard,
            counts,
            done,
            set(ids),
            {one.correction for one in new},
        )

    def _try_sentences(self, old: Path, staged: Path, lesson: _Lesson) -> _Trial:
        if fingerprint(learned=staged) == fingerprint() and trained_model(self._settings.dialogue_models):
            return _Trial(old)
        fresh, kept_out = lesson.counts["examples"], len(lesson.kept_out)
        self._progress(f"learning from {fresh} new sentences; {kept_out} are held out …")
        new = self._bench.train(staged)
        self._progress("comparing with the model in use …")
        before, after = self._bench.figures(old, lesson.kept_out), self._bench.figures(new, lesson.kept_out)
        return _Trial(new, True, worse(before, after, self._settings.learning.allowed_loss), before, after)

    def _try_sounds(self, model: Path, counts: tuple[site.Learned, ...], lesson: _Lesson, registry: Registry) -> _Trial:
        """Whether places, dangers and kinds are understood no worse when the ear is believed to make these mistakes."""
        if site.as_text(counts) == files.read_text(site.channel_file()):
            return _Trial(model)
        self._progress(f"comparing what {lesson.counts['sounds']} corrections tell about the ear …")
        reason, found, finds = hearing.worse_to_hear(registry, counts, lesson.unheard)
        before = self._bench.figures(model, lesson.kept_out)
        with site.trying(counts):
            after = self._bench.figures(model, lesson.kept_out)
        reasons = (reason, worse(before, after, self._settings.learning.allowed_loss))
        return _Trial(
            model,
            True,
            "; ".join(one for one in reasons if one),
            {**before, hearing.PLACES: found},
            {**after, hearing.PLACES: finds},
        )

    def back(self) -> RunCard:
        """Put the sentences, with them the model, and the channel of before the last run back. Raises NotLearned."""
        with files.alone():
            last = self._log.last_in_service()
            if last is None or not files.before_file(last.id).exists():
                raise NotLearned("there is nothing to go back to: no learned model is in service")
            text = files.read_text(files.before_file(last.id))
            staged = files.staged_folder(last.id)
            try:
                self._stage_text(staged, text)
                name = f"dialogue-{fingerprint(learned=staged)}.tar.gz"
                folders = (self._settings.dialogue_models, site_models())
                if not any((folder / name).exists() for folder in folders):
                    # A word was accepted since, or Gege is a newer one: the service must not have to train.
                    self._progress("the model of then is no longer there; training it again …")
                    self._bench.train(staged)
                site.write(files.read_text(files.before_channel(last.id)))
                self._use(text)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
            return self._log.gone_back(last.id)

    def accept(self, choice: str) -> str:
        """Take a word into the site's lexicon, unless the model in use would understand worse with it; → what was done.

        Raises WordRefused, LexiconRefused, SaidNamesRefused, NotLearned: nothing was changed."""
        with files.alone():
            if landmarks.is_known(choice):
                return landmarks.accept(choice, targets(Registry.load(self._database).county), ordinary())
            entry = entry_of(choice)
            alone = as_lexicon(entry)
            model = self.model_in_use()
            touched = {
                name: changed
                for name, rows in frozen_sets().items()
                if (changed := [row for row in rows if alone.standard(row.text) != row.text])
            }
            if touched:
                rewritten = {
                    name: [Sentence(alone.standard(row.text), row.intent) for row in rows]
                    for name, rows in touched.items()
                }
                if reason := worse(figures(model, touched), figures(model, rewritten)):
                    raise NotLearned(f"{entry.say} → {entry.means} would do harm to the frozen sentences: {reason}")
            accept(entry)
            self._goes_on(model)
            return f"{entry.say} → {entry.means}"

    def reject(self, choice: str) -> None:
        """Forget a word for good; one that was accepted leaves the lexicon. Raises WordRefused."""
        with files.alone():
            if landmarks.is_known(choice):
                return landmarks.reject(choice)
            model = self._present()
            reject(choice)
            if model:
                self._goes_on(model)

    def _goes_on(self, model: Path) -> None:
        """Words rewrite a sentence before the model sees it: with other words the same model stays the one in use, the
        next training learns with them. Without this the next start of the service would have to train."""
        if trained_model(self._settings.dialogue_models) is None:
            site_models().mkdir(parents=True, exist_ok=True)
            name = f"dialogue-{fingerprint()}.tar.gz"
            beside = site_models() / f".{name}"
            shutil.copyfile(model, beside)
            beside.replace(site_models() / name)

    def model_in_use(self) -> Path:
        """The model of the service; one that is older than a word of the lexicon is still the one in use."""
        return self._present() or train(self._settings.dialogue_models)

    def _present(self) -> Path | None:
        folder = self._settings.dialogue_models
        found = [*folder.glob("dialogue-*.tar.gz"), *site_models().glob("dialogue-*.tar.gz")]
        newest = max(found, key=lambda file: file.stat().st_mtime, default=None)
        return trained_model(folder) or newest

    # ---- files ----------------------------------------------------------------------------------

    def _strip(self, model: Path, corrections: list[CorrectionCard]) -> Callable[[str, CorrectionCard], str]:
        private, desk = Private.of(self._database), TicketDesk(self._database)
        entities = self._bench.entities(model, {text for one in corrections for text in (one.heard, one.words) if text})
        tickets = {number: desk.ticket(number) for number in {one.ticket_no for one in corrections}}

        def strip(text: str, one: CorrectionCard) -> str:
            ticket = tickets[one.ticket_no]
            own = (ticket.place, ticket.householder, ticket.reporter, ticket.household_no or "") if ticket else ()
            # Beside what its own sentence holds: a name that was heard is a name where it is said.
            found = [*entities.get(one.heard, ()), *entities.get(one.words, ())]
            return private.strip(text, [*own, one.household_no, *found])

        return strip

    def _stage(self, staged: Path, examples: list[Example]) -> None:
        self._stage_text(staged, as_file(examples))

    def _stage_text(self, staged: Path, text: str) -> None:
        """The site's learned folder as it would be: its other files, and this one instead of the present one."""
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        for file in learned_folder().glob("*.yml"):
            if file != files.examples_file():
                shutil.copy(file, staged)
        if text:
            (staged / files.examples_file().name).write_text(text, "utf-8")

    def _put_in_service(self, number: int, staged: Path | None, channel: str | None) -> None:
        # First what is needed to go back.
        write_whole(files.before_channel(number), files.read_text(site.channel_file()))
        write_whole(files.before_file(number), files.read_text(files.examples_file()))
        if channel is not None:
            site.write(channel)
        if staged is not None:
            self._use(files.read_text(staged / files.examples_file().name))

    def _use(self, text: str) -> None:
        """From here on the model that was trained with these sentences is the one in use."""
        if text:
            write_whole(files.examples_file(), text)
        else:
            files.examples_file().unlink(missing_ok=True)

    def _sweep(self) -> None:
        """What a run that was killed left behind. Trainings of another process are young."""
        for folder in files.staged_folder(0).parent.glob("staged-*"):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in site_models().glob(".training-*"):
            if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)

    def _tidy(self, keep: set[str]) -> None:
        models = sorted(site_models().glob("dialogue-*.tar.gz"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in models[_KEPT_MODELS:]:
            if file.name not in keep:
                file.unlink()
