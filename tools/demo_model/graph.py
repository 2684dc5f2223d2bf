"""The recogniser's graph: lexicon and language model as one transducer from transition-ids to words (HCLG).

Built by hand instead of by composition: a node for each history of the language model, one chain of HMM
states for each reading of a word (its label on the first arc), shared by all histories with the same last
words.
"""

import json
import math
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .fst import Fst
from .kaldi_writer import FORWARD, SELF_LOOP
from .language_model import END, START, History, Ngrams, train_ngrams
from .phones import PhoneTable, is_initial, phone_table, readings
from .texts import Sentence, Splitter, own_words, vocabulary

UNKNOWN = "[unk]"
COMMON_FILE = "common.txt"
EMPTY = "<eps>"
Reading = tuple[str, ...]
Lexicon = Mapping[str, Iterable[Reading]]
"""Word -> its readings, each a tuple of toned syllables."""

TRANSITION_SCALE = 0.1
SILENCE_PROBABILITY = 0.3
WORD_COST = -0.5
UNKNOWN_COST: float | None = 12.0
ORDER = 3
SMALLEST: Mapping[int, int] = {3: 6}
"""A trigram of fewer occurrences stays out: its history would need chains of its own for each word."""
COMMON_WORDS = 9_000
"""Words of everyday speech besides those of the sentences: who speaks of something else is heard as well, and known by them
(common.txt) to speak of something else."""
GENERAL_ALL, GENERAL_PART, GENERAL_BACK, GENERAL_END = 2.0, 5.0, 4.0, 2.5
"""Prices of leaving the service's sentences for speech about anything: at the beginning, in the middle, and back; of its end."""
GENERAL_WORD_COST = 0.0
_UNKNOWN_PHONE_COST = 4.0
UNKNOWN_PHONE_ENTRY = 2.0
"""In a grammar of few phrases what is none of them must be free to be nothing known."""


@dataclass
class Chain:
    """The states of one reading: the first state of each phone, the last state of all."""

    firsts: list[int]
    last: int


@dataclass
class Entry:
    """A word that leads to one history: where it begins and ends, and its readings' chains by their phone ids."""

    begin: int
    end: int
    chains: dict[tuple[int, ...], Chain]


@dataclass(frozen=True)
class Leaf:
    """A reading of a word after the empty history, and what it costs."""

    word: str
    phone_ids: tuple[int, ...]
    cost: float


class GraphBuilder:
    """Grows one HCLG."""

    def __init__(self, table: PhoneTable, words: Mapping[str, int]) -> None:
        self.fst = Fst()
        self._table = table
        self._words = words

    def phone(self, source: int, phone_id: int, *, word: int = 0, cost: float = 0.0) -> int:
        """Appends one phone after `source`, returns its last state. The arc into a state carries the forward
        transition-id and the loop on it that state's self-loop: Kaldi's "reordered" graphs."""
        for state in range(len(self._table.id_pdfs[phone_id])):
            loop, forward = self._table.transitions[phone_id, state]
            target = self.fst.state()
            self.fst.arc(source, target, label=forward, word=word, cost=cost - TRANSITION_SCALE * math.log(FORWARD))
            self.fst.arc(target, target, label=loop, cost=-TRANSITION_SCALE * math.log(SELF_LOOP))
            source, word, cost = target, 0, 0.0
        return source

    def optional_silence(self, source: int, target: int) -> None:
        self.fst.arc(source, target, cost=-math.log(1 - SILENCE_PROBABILITY))
        silent = self.phone(source, self._table.ids["SIL"], cost=-math.log(SILENCE_PROBABILITY))
        self.fst.arc(silent, target)

    def reading(self, source: int, word: str, syllables: tuple[str, ...], *, cost: float = 0.0) -> Chain:
        """One reading of a word after `source`."""
        return self.tail(source, word, self._table.word_phones(syllables), cost=cost)

    def tail(self, source: int, word: str, phone_ids: Sequence[int], *, cost: float = 0.0) -> Chain:
        """The phones of a reading from some phone on after `source`; the word is on the first arc."""
        label, firsts = self._words[word], []
        for phone_id in phone_ids:
            firsts.append(len(self.fst.arcs))
            source = self.phone(source, phone_id, word=label, cost=cost)
            label, cost = 0, 0.0
        return Chain(firsts, source)

    def jump(self, source: int, word: str, phone_id: int, first: int, *, cost: float) -> None:
        """From `source` into a chain that is there, at the first state of its phone `phone_id`."""
        forward = self._table.transitions[phone_id, 0][1]
        cost -= TRANSITION_SCALE * math.log(FORWARD)
        self.fst.arc(source, first, label=forward, word=self._words[word], cost=cost)

    def tree(self, root: int, leaves: list[Leaf], finish: Callable[[int, Leaf, int, float], None]) -> None:
        """The readings as a tree of their common beginnings: a frame looks at dozens of arcs at `root` and not at thousands
        (three quarters of the decoder's time). `finish` adds what a reading shares with no other."""

        def branch(source: int, below: list[Leaf], depth: int, paid: float) -> None:
            """The readings `below` that have their first `depth` phones in common, of which `paid` is paid."""
            groups: dict[int, list[Leaf]] = defaultdict(list)
            for leaf in below:
                groups[leaf.phone_ids[depth]].append(leaf)
            for phone_id, group in groups.items():
                if len(group) == 1 or len(group[0].phone_ids) == depth + 1:
                    for leaf in group:
                        finish(source, leaf, depth, paid)
                else:
                    least = min(leaf.cost for leaf in group)
                    branch(self.phone(source, phone_id, cost=least - paid), group, depth + 1, least)

        branch(root, leaves, 0, 0.0)

    def any_syllables(self, source: int, target: int) -> None:
        """One or more arbitrary syllables, labelled as the unknown word; every phone costs something."""
        again, inside = self.fst.state(), self.fst.state()
        ids, cost, label = self._table.ids, _UNKNOWN_PHONE_COST, self._words[UNKNOWN]
        for name in self._table.names:
            after = inside if is_initial(name) else again
            self.fst.arc(self.phone(source, ids[f"{name}_B"], word=label, cost=cost), after)
            self.fst.arc(self.phone(again, ids[f"{name}_I"], cost=cost), after)
            if not is_initial(name):
                self.fst.arc(self.phone(source, ids[f"{name}_S"], word=label, cost=cost), target)
                self.fst.arc(self.phone(again, ids[f"{name}_E"], cost=cost), target)
                self.fst.arc(self.phone(inside, ids[f"{name}_E"], cost=cost - 1), target)
                self.fst.arc(self.phone(inside, ids[f"{name}_I"], cost=cost - 1), again)


def make_hclg(
    lexicon: Lexicon,
    model: Ngrams,
    words: Mapping[str, int],
    *,
    general: Mapping[str, float] | None = None,
    word_cost: float = WORD_COST,
    unknown_cost: float | None = UNKNOWN_COST,
) -> Fst:
    """The graph. `general`: probabilities of words in speech about anything else; `unknown_cost` is the price of entering the
    loop of arbitrary syllables (None: no such loop)."""
    table = phone_table()
    builder = GraphBuilder(table, words)
    fst = builder.fst
    start = fst.state()
    nodes: dict[History, int] = {history: fst.state() for history in model.probabilities}
    builder.optional_silence(start, nodes[model.known((START,))])
    entries: dict[tuple[str, History], Entry] = {}

    def entry(history: History, word: str) -> int:
        """Where the word begins when it leads to the history that follows `history`: one chain for each
        target."""
        target = model.known((*history, word))
        if (word, target) not in entries:
            begin, end = fst.state(), fst.state()
            several, chains = list(lexicon[word]), {}
            for syllables in several:
                chain = builder.reading(begin, word, syllables, cost=math.log(len(several)))
                fst.arc(chain.last, end)
                chains[tuple(table.word_phones(syllables))] = chain
            builder.optional_silence(end, nodes[target])
            entries[word, target] = Entry(begin, end, chains)
        return entries[word, target].begin

    for history, probabilities in model.probabilities.items():
        node = nodes[history]
        if END in probabilities:
            fst.final[node] = -math.log(probabilities[END])
        if not history:
            continue
        for word, probability in probabilities.items():
            if word != END:
                fst.arc(node, entry(history, word), cost=-math.log(probability) + word_cost)
        fst.arc(node, nodes[model.known(history[1:])], cost=-math.log(model.backoff[history]))

    # Any word may follow the empty history.
    leaves = _leaves(table, lexicon, {w: p for w, p in model.probabilities[()].items() if w != END}, word_cost)

    def finish(source: int, leaf: Leaf, depth: int, paid: float) -> None:
        """The rest of a reading that shares nothing more: into its chain, or a tail of its own."""
        target = model.known((leaf.word,))
        key = (leaf.word, target)
        if key not in entries:
            end = fst.state()
            builder.optional_silence(end, nodes[target])
            entries[key] = Entry(-1, end, {})
        chain = entries[key].chains.get(leaf.phone_ids)
        if chain is not None:
            builder.jump(source, leaf.word, leaf.phone_ids[depth], chain.firsts[depth], cost=leaf.cost - paid)
        else:
            last = builder.tail(source, leaf.word, leaf.phone_ids[depth:], cost=leaf.cost - paid).last
            fst.arc(last, entries[key].end)

    builder.tree(nodes[()], leaves, finish)
    if general:
        _anything(builder, nodes[model.known((START,))], nodes[()], _leaves(table, lexicon, general, GENERAL_WORD_COST))
    if unknown_cost is not None:
        begin, end = fst.state(), fst.state()
        fst.arc(nodes[()], begin, cost=unknown_cost)
        builder.any_syllables(begin, end)
        builder.optional_silence(end, nodes[()])
    return fst


def _leaves(table: PhoneTable, lexicon: Lexicon, probabilities: Mapping[str, float], word_cost: float) -> list[Leaf]:
    """Every reading of every word, with its price."""
    found = []
    for word, probability in probabilities.items():
        several = list(lexicon[word])
        cost = word_cost - math.log(probability) + math.log(len(several))
        found += [Leaf(word, tuple(table.word_phones(syllables)), cost) for syllables in several]
    return found


def _anything(builder: GraphBuilder, start: int, middle: int, leaves: list[Leaf]) -> None:
    """Speech about anything, beside the service's sentences: any word after any other. It may be all that is said, or a part
    of a sentence."""
    fst = builder.fst
    loop, after = fst.state(), fst.state()
    fst.arc(start, loop, cost=GENERAL_ALL)
    fst.arc(middle, loop, cost=GENERAL_PART)
    fst.final[loop] = GENERAL_END
    # After a word only: an empty way round would be endless.
    fst.arc(after, middle, cost=GENERAL_BACK)
    builder.optional_silence(after, loop)

    def finish(source: int, leaf: Leaf, depth: int, paid: float) -> None:
        fst.arc(builder.tail(source, leaf.word, leaf.phone_ids[depth:], cost=leaf.cost - paid).last, after)

    builder.tree(loop, leaves, finish)


def word_table(vocabulary_words: Iterable[str]) -> dict[str, int]:
    """Word -> label, the empty word 0, as words.txt has it."""
    return {word: i for i, word in enumerate([EMPTY, *vocabulary_words, UNKNOWN, "#0", START, END])}


def write_graph(
    out: Path,
    sentences: Mapping[Sentence, float],
    lexicon: Lexicon,
    own: Collection[str],
    *,
    prior: Mapping[str, float] | None = None,
    word_cost: float = WORD_COST,
    unknown_cost: float | None = UNKNOWN_COST,
    phrases: bool = False,
) -> None:
    """Writes the folder graph/ of the model at `out`. `own`: the words of the service (all others go to common.txt);
    `prior`: see train_ngrams; `phrases`: as two parts (HCLr, Gr) that
    are put together while somebody speaks, so that a phrase list can take the place of the language model."""
    folder = out / "graph"
    (folder / "phones").mkdir(parents=True, exist_ok=True)
    words = word_table(lexicon)
    known = {word: lexicon[word] for word in vocabulary(own) if word in lexicon}
    if phrases:
        bigrams = train_ngrams(sentences, known, order=2, prior=prior)
        make_word_loop(known, words).write(folder / "HCLr.fst")
        make_acceptor(bigrams, words, word_cost).write(folder / "Gr.fst")
        (folder / "disambig_tid.int").write_text("")
    else:
        model = train_ngrams(sentences, known, order=ORDER, prior=prior, smallest=SMALLEST)
        said = {word: prior.get(word, 0.0) for word in lexicon if prior.get(word)} if prior else {}
        every = sum(said.values())
        general = {word: count / every for word, count in said.items()}
        hclg = make_hclg(lexicon, model, words, general=general, word_cost=word_cost, unknown_cost=unknown_cost)
        hclg.write(folder / "HCLG.fst")
    table = phone_table()
    _write_lines(folder / "words.txt", (f"{word} {label}" for word, label in words.items()))
    _write_lines(folder / "phones.txt", (f"{name} {number}" for name, number in table.ids.items()))
    boundaries = (f"{number} {kind}" for number, kind in enumerate(table.boundaries) if number)
    _write_lines(folder / "phones" / "word_boundary.int", boundaries)
    lines = (f"{word}\t" + "\t".join(" ".join(r) for r in several) for word, several in lexicon.items())
    _write_lines(folder / "lexicon.tsv", lines)
    _write_lines(folder / COMMON_FILE, (word for word in lexicon if word not in known))


def build_graph(
    model_dir: Path,
    sentences: Iterable[str],
    extra_words: Iterable[str] | Mapping[str, Iterable[str]],
    out: Path,
    also: Callable[[Reading], Iterable[Reading]] = lambda reading: (),
    phrases: bool = False,
) -> None:
    """Gives a model of this project other words: a new graph for the acoustic model in `model_dir`, written
    to `out`.

    `sentences` are what callers say, as text (a sentence that comes often may stand there often).
    `extra_words` are words that have to be known even where no sentence has them (places, surnames); as a
    mapping it gives a word's readings in toned pinyin as well (`{"桃溪": ["tao2 xi1", "tao2 qi1"]}`), so that
    a local pronunciation is heard too; `also` gives more readings for any reading of any word. `out` may be
    `model_dir`. Raises ValueError for a model with other
    phones, or a word without a reading.
    """
    table = phone_table()
    phones_file = model_dir / "graph" / "phones.txt"
    expected = "".join(f"{name} {number}\n" for name, number in table.ids.items())
    if not phones_file.exists() or phones_file.read_text(encoding="utf-8") != expected:
        raise ValueError(f"{model_dir} is no model of this project: its graph/phones.txt is missing or different")
    splitter = Splitter(extra_words)
    counts = Counter(splitter.split(sentence) for sentence in sentences)
    counts.pop((), None)
    given = extra_words if isinstance(extra_words, Mapping) else {}
    own = own_words(counts, extra_words)
    lexicon = make_lexicon(vocabulary(own, splitter.common_words(COMMON_WORDS)), given, also)
    missing = [word for word in extra_words if word not in lexicon]
    if missing:
        raise ValueError(f"no reading for {', '.join(missing)}: only Chinese characters can be read")
    if out.resolve() != model_dir.resolve():
        out.mkdir(parents=True, exist_ok=True)
        for part in ("am", "conf"):
            shutil.copytree(model_dir / part, out / part, dirs_exist_ok=True)
    write_graph(out, counts, lexicon, own, prior=splitter.general_frequencies(lexicon), phrases=phrases)
    note = model_dir / "gege-model.json"
    facts = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    facts.update(vocabulary=len(lexicon), figures={})
    (out / "gege-model.json").write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def make_word_loop(lexicon: Lexicon, words: Mapping[str, int]) -> Fst:
    """HCLr: any words in any order, without a language model; arcs with words in the order of their labels, as the
    composition with a language model at run time wants them."""
    table = phone_table()
    builder = GraphBuilder(table, words)
    fst = builder.fst
    start, loop, after = fst.state(), fst.state(), fst.state()
    builder.optional_silence(start, loop)
    builder.optional_silence(after, loop)
    fst.final[loop] = 0.0
    for word in sorted(lexicon, key=lambda word: words[word]):
        several = list(lexicon[word])
        for syllables in several:
            chain = builder.reading(loop, word, syllables, cost=math.log(len(several)))
            fst.arc(chain.last, after)
    begin = fst.state()
    # The unknown word's label is the largest: its arcs come last.
    builder.any_syllables(begin, after)
    for label, word, cost, target in fst.arcs[begin]:
        fst.arc(loop, target, label=label, word=word, cost=cost + UNKNOWN_PHONE_ENTRY)
    return fst


def make_acceptor(model: Ngrams, words: Mapping[str, int], word_cost: float = WORD_COST) -> Fst:
    """Gr: the language model as an acceptor, sorted by words; backing off is an empty arc."""
    fst = Fst()
    nodes = {
        history: fst.state() for history in sorted(model.probabilities, key=lambda one: one != model.known((START,)))
    }
    for history, probabilities in model.probabilities.items():
        node = nodes[history]
        if END in probabilities:
            fst.final[node] = -math.log(probabilities[END])
        if history:
            fst.arc(node, nodes[model.known(history[1:])], cost=-math.log(model.backoff[history]))
        for word in sorted((one for one in probabilities if one != END), key=lambda one: words[one]):
            label, target = words[word], nodes[model.known((*history, word))]
            fst.arc(node, target, label=label, word=label, cost=-math.log(probabilities[word]) + word_cost)
        if not history:
            fst.arc(node, node, label=words[UNKNOWN], word=words[UNKNOWN], cost=UNKNOWN_COST or 0.0)
    return fst


def make_lexicon(
    words: Iterable[str],
    given: Mapping[str, Iterable[str]] | None = None,
    also: Callable[[Reading], Iterable[Reading]] = lambda reading: (),
) -> dict[str, tuple[Reading, ...]]:
    """The readings of each word, those in `given` (toned pinyin) before pypinyin's, then what `also` makes of them; the
    same phones only once."""
    lexicon = {}
    for word in words:
        own = tuple(tuple(reading.split()) for reading in (given or {}).get(word, ()))
        usual = own + readings(word)
        lexicon[word] = tuple(dict.fromkeys([*usual, *(other for one in usual for other in also(one))]))
    return lexicon


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
