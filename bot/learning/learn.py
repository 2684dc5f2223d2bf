"""One run of learning: corrections → sentences → a new model → the comparison → into service, or not; and back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from bot.database import Database
from bot.dialogue.frozen import Sentence
from bot.dialogue.training import fingerprint, learned_folder, site_models, train, train_learned, trained_model
from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.grid.heard_names import names_file, read
from bot.grid.registry import Registry
from bot.learning import files, names
from bot.learning.book import CorrectionBook, CorrectionCard
from bot.learning.comparing import HELD_OUT, Figures, figures, frozen_sets, worse
from bot.learning.examples import Example, as_file, examples_of, split
from bot.learning.lexicon_words import accept, as_lexicon, candidates, entry_of, keep, reject
from bot.learning.models import Decision
from bot.learning.private import Private
from bot.learning.rules import held_out
from bot.learning.runs import RunCard, RunLog
from bot.settings import Settings
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
        strip = self._strip(old, corrections)
        learned_before = {one.id for one in corrections if one.state == "learned"}
        examples = examples_of(corrections, strip)
        fresh = [one for one in examples if one.correction not in learned_before]
        known = [one for one in examples if one.correction in learned_before]
        ids = list(dict.fromkeys(one.correction for one in fresh))
        learning, kept_out = split(fresh, held_out(len(ids), self._settings.learning.held_out))
        words, pairs = candidates(corrections, strip), names.misheard(corrections, self._places())
        # What teaches no sentence (words alone, a household) is done with as soon as its words are written down.
        done = {one.id for one in corrections} - {one.correction for one in kept_out}
        counts = {
            "corrections": len(done - learned_before),
            "held_out": len({one.correction for one in kept_out}),
            "examples": len(learning),
            "words": len(words),
            "names": len(pairs),
        }
        if not dry_run:
            keep(words)
            names.keep(pairs)
        self._stage(staged, [*known, *learning])
        if fingerprint(learned=staged) == fingerprint() and trained_model(self._settings.dialogue_models):
            learned = () if dry_run else done
            return self._log.end(number, Decision.nothing, "there is nothing new to learn", learned, counts=counts)
        self._progress(f"learning from {len(learning)} new sentences; {len(kept_out)} are held out …")
        new = self._bench.train(staged)
        sentences = [Sentence(one.text, one.intent) for one in kept_out]
        self._progress("comparing with the model in use …")
        before, after = self._bench.figures(old, sentences), self._bench.figures(new, sentences)
        reason = worse(before, after, self._settings.learning.allowed_loss)
        values: dict[str, Any] = {"counts": counts, "before": before, "after": after, "model": new.name}
        if reason or dry_run:
            if new != old:
                new.unlink(missing_ok=True)
            decision = Decision.tried if dry_run else Decision.kept_old
            return self._log.end(number, decision, reason or "it would be put into service", **values)
        self._put_in_service(number, staged)
        card = self._log.end(number, Decision.in_service, "no worse on anything that counts", done, **values)
        self._tidy(keep={old.name, new.name})
        return card

    def back(self) -> RunCard:
        """Put the sentences, and with them the model, of before the last run back. Raises NotLearned."""
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
                self._use(text)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
            return self._log.gone_back(last.id)

    def accept(self, choice: str) -> str:
        """Take a word into the site's lexicon, unless the model in use would understand worse with it; → what was done.

        Raises WordRefused, LexiconRefused, NamesRefused, NotLearned: nothing was changed."""
        with files.alone():
            if names.is_waiting(choice):
                return names.accept(choice, self._places(), ordinary())
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
            if names.is_waiting(choice) or any(one.heard == choice.partition("=")[0] for one in read(names_file())):
                return names.reject(choice)
            model = self._present()
            reject(choice)
            if model:
                self._goes_on(model)

    def _places(self) -> frozenset[str]:
        """Names of the site's streets, compounds and communities, with and without 社区."""
        registry = Registry.load(self._database)
        communities = {name.removesuffix("社区") for name in registry.county.grids_in}
        return frozenset(
            name for name in (*registry.county.names, *registry.county.grids_in, *communities) if len(name) > 1
        )

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

    def _put_in_service(self, number: int, staged: Path) -> None:
        text = files.read_text(staged / files.examples_file().name)
        # First what is needed to go back.
        write_whole(files.before_file(number), files.read_text(files.examples_file()))
        self._use(text)

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
