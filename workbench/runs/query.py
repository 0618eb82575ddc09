"""What a list of runs is narrowed by: words, and terms such as `tag:baseline val_accuracy>0.7 -state:failed`.

A word occurs anywhere in what is known of a run. A term names a thing: texts are asked with `:` and numbers compared
with `>`, `>=`, `<`, `<=` or `=`. A minus before a word or a term turns it round; quotes keep spaces together, as in
`group:"first week"`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _
from workbench.runs.summary import RunSummary

_TEXTS: dict[str, Callable[[RunSummary], str | tuple[str, ...]]] = {
    "name": lambda run: run.name,
    "tag": lambda run: run.tags,
    "group": lambda run: run.group,
    "note": lambda run: run.note,
    "state": lambda run: run.state,
    "dataset": lambda run: run.dataset,
    "architecture": lambda run: run.architecture,
}
_WHOLE = ("tag", "group", "state")  # asked for as they are; the others may hold more than what is asked for
_NUMBERS: dict[str, Callable[[RunSummary], float | None]] = {
    "best": lambda run: run.metric,
    "epochs": lambda run: run.epochs_done,
    "seconds": lambda run: run.seconds,
    "seconds_per_epoch": lambda run: run.seconds_per_epoch,
    "samples_per_second": lambda run: run.samples_per_second,
    "parameters": lambda run: run.parameters,
}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda value, limit: value >= limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    "<": lambda value, limit: value < limit,
    "=": lambda value, limit: value == limit,
}
_PART = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_TERM = re.compile(r"(?P<key>[A-Za-z]\w*)(?P<sign>>=|<=|[:<>=])(?P<value>.+)", re.DOTALL)
_UNFINISHED_TERM = re.compile(r"[A-Za-z]\w*(>=|<=|[:<>=])")

Test = Callable[[RunSummary], bool]


@dataclass(frozen=True)
class Query:
    """What a text asks for.

    Attributes:
        words: in small letters, each of which must occur in what is shown of a run.
        unwanted: words that must not.
        tests: what its terms ask.
        problems: terms that ask for nothing there is, in words; they narrow nothing.
    """

    words: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    problems: tuple[str, ...] = ()

    def matches(self, run: RunSummary, text: str) -> bool:
        """Whether a run is asked for; `text` is all that is known of it in words, in small letters."""
        return (
            all(word in text for word in self.words)
            and not any(word in text for word in self.unwanted)
            and all(test(run) for test in self.tests)
        )


def parse_query(text: str, metrics: Iterable[str] = ()) -> Query:
    """The query of a text. Never raises: what cannot be understood is told in `problems`.

    Args:
        text: as in `tag:baseline val_accuracy>0.7 kernels`.
        metrics: names of the metrics that the runs have.
    """
    words, unwanted, tests, problems = [], [], [], []
    known = tuple(metrics)
    for part in _PART.findall(text):
        turned = part.startswith("-") and len(part) > 1
        asked = part[1:] if turned else part
        if _UNFINISHED_TERM.fullmatch(asked):  # its value is still being typed
            continue
        term = _TERM.fullmatch(asked)
        if term is None:
            (unwanted if turned else words).append(asked.replace('"', "").casefold())
            continue
        try:
            test = _test(term["key"], term["sign"], term["value"].replace('"', ""), known)
        except UserError as error:
            problems.append(str(error))
        else:
            tests.append(_turned(test) if turned else test)
    return Query(tuple(words), tuple(unwanted), tuple(tests), tuple(problems))


def words_of(run: RunSummary) -> str:
    """All that is known of a run in words, in small letters."""
    parts = (run.name, run.state, run.dataset, run.architecture, run.group, *run.tags, run.note, run.metric_name)
    return "\n".join(parts).casefold()


def filtered(runs: Iterable[RunSummary], text: str) -> list[RunSummary]:
    """The runs that a text asks for.

    Raises:
        UserError: it holds a term that asks for nothing there is.
    """
    every = list(runs)
    query = parse_query(text, metrics_of(every))
    if query.problems:
        raise UserError(" ".join(query.problems))
    return [run for run in every if query.matches(run, words_of(run))]


def metrics_of(runs: Iterable[RunSummary]) -> tuple[str, ...]:
    """The names of all metrics that any of the runs has, in the order they are met."""
    return tuple(dict.fromkeys(name for run in runs for name in run.values))


def _turned(test: Test) -> Test:
    return lambda run: not test(run)


def _test(key: str, sign: str, value: str, metrics: tuple[str, ...]) -> Test:
    if key in _TEXTS:
        return _text_test(key, sign, value)
    if key in _NUMBERS or key in metrics:
        return _number_test(key, sign, value)
    known = (*_TEXTS, *_NUMBERS, *metrics)
    raise UserError(
        _("No run can be asked for {key!r}. {hint} There are: {known}.")
        .format(key=key, hint=did_you_mean(key, known), known=", ".join(known))
        .replace("  ", " ")
    )


def _text_test(key: str, sign: str, value: str) -> Test:
    if sign not in (":", "="):
        raise UserError(_("{key} is a text and cannot be compared: write {key}:{value}.").format(key=key, value=value))
    take, wanted = _TEXTS[key], value.casefold()
    if key == "tag":
        return lambda run: any(tag.casefold() == wanted for tag in run.tags)
    if key in _WHOLE:
        return lambda run: take(run).casefold() == wanted
    return lambda run: wanted in take(run).casefold()


def _number_test(key: str, sign: str, value: str) -> Test:
    if sign == ":":
        sign = "="
    try:
        limit = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        raise UserError(
            _("{key} is a number: write {key}>0.5 or {key}<=0.5, not {key}{sign}{value}.").format(
                key=key, sign=sign, value=value
            )
        ) from None
    take = _NUMBERS.get(key)
    compared = _COMPARED[sign]

    def test(run: RunSummary) -> bool:
        number = take(run) if take is not None else run.values.get(key)
        return number is not None and compared(number, limit)  # NaN compares as False

    return test
