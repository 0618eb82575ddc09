"""The commands and their arguments. Only argparse is imported here, so that `--help` answers at once."""

import argparse
from typing import Any, NoReturn

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _

LISTS = (
    "recipes",
    "datasets",
    "tasks",
    "architectures",
    "trainers",
    "inspectors",
    "exporters",
    "services",
    "checks",
    "devices",
    "plugins",
)
SPLITS = ("train", "validation", "test")
CORRECTIONS = ("list", "exclude", "relabel", "remove")


class _Parser(argparse.ArgumentParser):
    """Raises a `UserError` instead of printing the usage and leaving."""

    _mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Let options and positional arguments of a command come in any order.

        argparse alone takes an optional positional for missing as soon as an option stands before it.
        """
        if self._mixing or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._mixing = True  # the parsing of a mixture calls this method for its parts
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def error(self, message: str) -> NoReturn:
        sentence = message if message.endswith((".", "?")) else f"{message}."
        raise UserError(_("{message} See `{program} --help`.").format(message=sentence, program=self.prog))

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        text = _("{value!r} is none of {known}").format(value=value, known=", ".join(known))
        raise argparse.ArgumentError(action, " ".join((text + ".", did_you_mean(str(value), known))).strip())


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = _Parser(
        prog="workbench",
        description=_("A workbench for learning and doing deep learning. Without a command, the window opens."),
        epilog=_(
            "Exit codes: 0 done, 1 the run failed or `diagnose` found something, 2 bad input, 130 interrupted (the run "
            "is kept as stopped)."
        ),
        allow_abbrev=False,
    )
    top.add_argument("--version", action="store_true", help=_("print the version"))
    commands = top.add_subparsers(dest="command", metavar=_("COMMAND"), parser_class=_Parser)
    _add_experiment_commands(commands)
    _add_corrections(commands)
    _add_training_commands(commands)
    _add_model_commands(commands)
    _add_export(commands)
    _add_serve(commands)
    _add_runs(commands)
    lists = _command(commands, "list", _("what there is to choose from, plugins included"), json=True)
    lists.add_argument("what", choices=LISTS, metavar="|".join(LISTS), help=_("what to list"))
    _command(commands, "doctor", _("what is installed, what is missing, where things lie"), json=True)
    return top


def _command(commands: argparse._SubParsersAction, name: str, help: str, *, json: bool) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
    if json:
        _add_json(command)
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help=_("one JSON object a line on standard output"))


def _add_runs_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs", metavar=_("DIR"), help=_("the folder of the runs"))


def _add_experiment_commands(commands: argparse._SubParsersAction) -> None:
    new = _command(commands, "new", _("an experiment as TOML on standard output"), json=False)
    new.add_argument("--dataset", metavar=_("NAME"), default="digits", help=_("`workbench list datasets`"))
    new.add_argument(
        "--architecture", metavar=_("NAME"), default="",
        help=_("`workbench list architectures` (default: one that fits the dataset)"),
    )  # fmt: skip
    new.add_argument(
        "--recipe", metavar=_("NAME"), default="", help=_("a complete experiment instead: `workbench list recipes`")
    )
    for name, help, json in (
        ("data", _("samples, classes, splits and problems of an experiment's data"), True),
        ("summary", _("the layer table of an experiment"), True),
        ("code", _("the experiment as a stand-alone Keras script"), False),
    ):
        command = _command(commands, name, help, json=json)
        command.add_argument("experiment", metavar="EXPERIMENT.toml", help=_("`workbench new` prints one"))
    diagnose = _command(commands, "diagnose", _("what keeps an experiment or a run from learning"), json=True)
    diagnose.add_argument("subject", metavar="EXPERIMENT.toml|RUN", help=_("an experiment, or a run's folder or name"))
    diagnose.add_argument("--no-data", action="store_true", help=_("check only what can be told without the data"))
    diagnose.add_argument(
        "--trial", action="store_true", help=_("also train a few steps: the memory and the time they take")
    )
    diagnose.add_argument(
        "--find-rate", action="store_true", help=_("also look for a learning rate, in about a hundred steps")
    )
    diagnose.add_argument(
        "--one-batch", action="store_true", help=_("also train on one batch, to see whether it can be learned by heart")
    )
    diagnose.add_argument(
        "--set", action="append", default=[], metavar=_("key=value"), dest="changes",
        help=_("change a setting of these two, as in lowest=1e-5 or samples=16; may be given several times"),
    )  # fmt: skip
    diagnose.add_argument("--out", metavar=_("DIR"), help=_("write the figures of these checks into a folder"))
    _add_runs_folder(diagnose)
    _add_advise(commands)
    _add_measure(commands)


def _add_corrections(commands: argparse._SubParsersAction) -> None:
    corrections = _command(
        commands, "corrections", _("leave samples out or change their labels, in a list beside the data"), json=True
    )
    corrections.add_argument(
        "subject", metavar="EXPERIMENT.toml|RUN", help=_("whose data: an experiment, or a run's folder or name")
    )
    corrections.add_argument(
        "action", nargs="?", choices=CORRECTIONS, default="list", metavar="|".join(CORRECTIONS),
        help=_("what to do (default: list)"),
    )  # fmt: skip
    corrections.add_argument("names", nargs="*", metavar="NAME", help=_("samples, as `workbench data` calls them"))
    corrections.add_argument("--label", default="", metavar=_("CLASS"), help=_("the new class, for relabel"))
    corrections.add_argument("--note", default="", metavar=_("TEXT"), help=_("kept in the list"))
    corrections.add_argument(
        "--sample", action="append", default=[], type=int, metavar=_("N"), dest="samples",
        help=_("of a run: a sample by its number in the split; may be given several times"),
    )  # fmt: skip
    corrections.add_argument("--split", choices=SPLITS, default="test", help=_("where they are from (default: test)"))
    corrections.add_argument(
        "--write", action="store_true", help=_("name the list in the experiment's file, so that it is used")
    )
    _add_runs_folder(corrections)


def _add_advise(commands: argparse._SubParsersAction) -> None:
    advise = _command(commands, "advise", _("how to use a trained network for an experiment's data"), json=True)
    advise.add_argument("experiment", metavar="EXPERIMENT.toml", help=_("`workbench new` prints one"))
    advise.add_argument(
        "--similar", choices=("yes", "no", "auto"), default="auto",
        help=_("whether the data look like what the base was trained on (default: auto, a guess)"),
    )  # fmt: skip
    advise.add_argument(
        "--base", default="", metavar=_("NAME"),
        help=_("a network of Keras (mobilenet_v2), a run or a model file (default: the experiment's own)"),
    )  # fmt: skip
    advise.add_argument(
        "--samples", type=int, default=0, metavar=_("N"), help=_("to train on (default: they are counted)")
    )
    advise.add_argument("--classes", type=int, default=0, metavar=_("N"), help=_("where the samples are given"))
    advise.add_argument(
        "--write", nargs="?", const="", metavar=_("FILE"),
        help=_("write the experiment that follows the advice; without a file, over the one given"),
    )  # fmt: skip


def _add_measure(commands: argparse._SubParsersAction) -> None:
    measure = _command(commands, "measure", _("how many images a second architectures take here"), json=True)
    measure.add_argument(
        "architectures", nargs="*", metavar="ARCHITECTURE",
        help=_("`workbench list architectures` (default: that of --experiment)"),
    )  # fmt: skip
    measure.add_argument(
        "--experiment", metavar=_("FILE"), default="",
        help=_("with the input and the batch of an experiment (default: the size it was published for, batches of 32)"),
    )  # fmt: skip
    measure.add_argument("--size", type=int, metavar=_("PX"), help=_("with square pictures of this side"))
    measure.add_argument("--batch", type=int, metavar=_("N"), help=_("samples in a step, where a size is given"))
    measure.add_argument("--device", default="", metavar=_("NAME"), help=_("auto, cpu, gpu:0..."))


def _add_training_commands(commands: argparse._SubParsersAction) -> None:
    train = _command(commands, "train", _("train an experiment as a new run"), json=True)
    train.add_argument("experiment", metavar="EXPERIMENT.toml", help=_("`workbench new` prints one"))
    train.add_argument(
        "--set", action="append", default=[], metavar=_("section.key=value"), dest="changes",
        help=_("change a setting; may be given several times"),
    )  # fmt: skip
    _add_runs_folder(train)
    resume = _command(commands, "resume", _("go on with a stopped, killed or completed run"), json=True)
    _add_run(resume)
    resume.add_argument(
        "--epochs", type=int, default=0, metavar=_("TOTAL"), help=_("a larger total number extends a completed run")
    )


def _add_run(command: argparse.ArgumentParser, help: str = "") -> None:
    command.add_argument("run", metavar="RUN", help=help or _("a run's folder or name"))
    _add_runs_folder(command)


def _add_model_commands(commands: argparse._SubParsersAction) -> None:
    evaluate = _command(commands, "evaluate", _("judge a run's best model on a split"), json=True)
    _add_run(evaluate)
    evaluate.add_argument("--split", choices=SPLITS, default="test", help=_("which samples (default: test)"))
    evaluate.add_argument("--out", metavar=_("DIR"), help=_("write the figures into a folder"))
    _add_format(evaluate)
    calibrate = _command(commands, "calibrate", _("mend how sure a run's classifier is, by a temperature"), json=True)
    _add_run(calibrate)
    calibrate.add_argument(
        "--split", choices=SPLITS, default="validation", help=_("what it is fitted on (default: validation)")
    )
    calibrate.add_argument("--undo", action="store_true", help=_("take it back: the model as it was trained"))
    calibrate.add_argument("--out", metavar=_("DIR"), help=_("write the reliability diagrams into a folder"))
    predict = _command(commands, "predict", _("what a run's model answers, a line a picture or row"), json=True)
    _add_run(predict)
    predict.add_argument(
        "paths", nargs="*", metavar="PATH", help=_("pictures or folders of pictures; for tables, CSV or Excel files")
    )
    predict.add_argument(
        "--row", action="append", default=[], metavar=_("column=value,..."), dest="rows",
        help=_("a row of a table; columns that are left out are missing values; may be given several times"),
    )  # fmt: skip
    predict.add_argument("--save", metavar=_("DIR"), help=_("write the figures of every answer (masks) into a folder"))
    predict.add_argument("--top", type=int, default=5, metavar=_("N"), help=_("how many classes to tell (default: 5)"))
    inspect = _command(commands, "inspect", _("look into a run's model; figures are written as files"), json=True)
    _add_run(inspect)
    inspect.add_argument("path", nargs="?", metavar="PATH", help=_("a picture"))
    inspect.add_argument("--sample", type=int, metavar=_("N"), help=_("a sample of the split instead of a picture"))
    inspect.add_argument("--split", choices=SPLITS, default="test", help=_("where the sample is from (default: test)"))
    inspect.add_argument("--method", required=True, metavar=_("NAME"), help=_("`workbench list inspectors`"))
    inspect.add_argument("--layer", default="", metavar=_("NAME"), help=_("the layer to look at"))
    inspect.add_argument("--class", default="", metavar=_("NAME"), dest="target", help=_("the class to explain"))
    inspect.add_argument(
        "--set", action="append", default=[], metavar=_("key=value"), dest="changes",
        help=_("change a setting of the method; may be given several times"),
    )  # fmt: skip
    inspect.add_argument("--out", required=True, metavar=_("DIR"), help=_("where the figures go"))
    _add_format(inspect)
    probe = _command(commands, "probe", _("what a finished run looked like after each epoch"), json=True)
    _add_run(probe)
    probe.add_argument(
        "--set", action="append", default=[], metavar=_("key=value"), dest="changes",
        help=_("a setting of [probes], as in samples=8 or layers=conv_1; may be given several times"),
    )  # fmt: skip
    probe.add_argument(
        "--best", action="store_true", help=_("the best model and the last epoch, where no other weights were kept")
    )


def _add_export(commands: argparse._SubParsersAction) -> None:
    export = _command(
        commands, "export", _("write a run's model, its report or its curves for other programs"), json=True
    )
    _add_run(export, _("a run's folder or name; a model also by its file"))
    export.add_argument(
        "--format", required=True, metavar=_("NAME"),
        help=_("keras, saved_model, tflite, onnx, html, tensorboard... (`workbench list exporters`)"),
    )  # fmt: skip
    export.add_argument("--out", required=True, metavar=_("PATH"), help=_("the file or folder to write"))
    export.add_argument("--force", action="store_true", help=_("replace what an earlier export wrote there"))


def _add_serve(commands: argparse._SubParsersAction) -> None:
    serve = _command(commands, "serve", _("keep a service with a run's model up until Ctrl-C"), json=True)
    serve.add_argument("service", metavar="SERVICE", help=_("`workbench list services`"))
    _add_run(serve)
    serve.add_argument("--port", type=int, metavar=_("N"), help=_("where it is reached; 0 takes any free port"))
    serve.add_argument(
        "--set", action="append", default=[], metavar=_("key=value"), dest="changes",
        help=_("change a setting of the service; may be given several times"),
    )  # fmt: skip


def _add_runs(commands: argparse._SubParsersAction) -> None:
    runs = _command(commands, "runs", _("list, rename, delete, tag, compare and report runs"), json=True)
    _add_runs_folder(runs)
    actions = runs.add_subparsers(
        dest="action", metavar="list|rename|delete|tag|group|note|compare|report", parser_class=_Parser
    )
    listing = actions.add_parser("list", help=_("all runs, newest first"), allow_abbrev=False)
    listing.add_argument(
        "--filter", default="", metavar=_("TEXT"),
        help=_(
            "only some: words, and terms such as tag:baseline state:completed val_accuracy>0.7 group:\"first week\"; "
            "a minus in front turns one round"
        ),
    )  # fmt: skip
    rename = actions.add_parser("rename", help=_("give a run another name"), allow_abbrev=False)
    rename.add_argument("run", metavar="RUN")
    rename.add_argument("name", metavar="NAME")
    delete = actions.add_parser("delete", help=_("move runs to the trash"), allow_abbrev=False)
    delete.add_argument("names", nargs="+", metavar="RUN")
    tag = actions.add_parser("tag", help=_("add tags to runs, or take them away"), allow_abbrev=False)
    tag.add_argument("names", nargs="+", metavar="RUN")
    tag.add_argument("--add", action="append", default=[], metavar=_("TAG"), help=_("may be given several times"))
    tag.add_argument("--remove", action="append", default=[], metavar=_("TAG"), help=_("may be given several times"))
    group = actions.add_parser("group", help=_("put runs into a group"), allow_abbrev=False)
    group.add_argument("names", nargs="+", metavar="RUN")
    group.add_argument("--to", required=True, metavar=_("GROUP"), help=_('its name; "" takes them out of theirs'))
    note = actions.add_parser("note", help=_("show the note of a run, or write it"), allow_abbrev=False)
    note.add_argument("run", metavar="RUN")
    note.add_argument("text", metavar="TEXT", nargs="?", help=_('in place of the one before; "" for none'))
    compare = actions.add_parser(
        "compare", help=_("what differs between runs, what came of it, and what they answer"), allow_abbrev=False
    )
    _add_compared(compare)
    report = actions.add_parser(
        "report", help=_("one run, or several side by side, as one HTML file"), allow_abbrev=False
    )
    report.add_argument("names", nargs="+", metavar="RUN")
    report.add_argument("--out", required=True, metavar=_("FILE"), help=_("the file; it is replaced"))
    report.add_argument("--split", choices=SPLITS, default="test", help=_("whose samples (default: test)"))
    report.add_argument("--samples", type=int, default=6, metavar=_("N"), help=_("how many are shown (default: 6)"))
    report.add_argument("--method", default="grad_cam", metavar=_("NAME"), help=_('heatmaps of them; "" for none'))
    for action in (listing, rename, delete, tag, group, note, compare, report):
        # Given before or after the action; unset here, it must not overwrite what stood before.
        action.add_argument("--runs", metavar=_("DIR"), default=argparse.SUPPRESS, help=_("the folder of the runs"))
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def _add_compared(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("names", nargs="+", metavar="RUN")
    compare.add_argument(
        "--over", choices=("epoch", "step", "time"), default="epoch", help=_("what curves are drawn over")
    )
    compare.add_argument(
        "--samples", type=int, default=0, metavar=_("N"), help=_("also let the models answer the same samples; show N")
    )
    compare.add_argument("--split", choices=SPLITS, default="test", help=_("whose samples (default: test)"))
    compare.add_argument(
        "--method", default="grad_cam", metavar=_("NAME"), help=_('heatmaps of these samples; "" for none')
    )
    compare.add_argument("--out", metavar=_("DIR"), help=_("write the figures into a folder"))
    _add_format(compare)


def _add_format(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", default="png,csv", metavar="png,svg,csv,json", dest="formats",
        help=_("how figures are written, one or several (default: png,csv)"),
    )  # fmt: skip
