"""The contract of a service: a job that stays up, answers whoever asks it, and shows what it does.

A service is asked to stop like any other job, by its `Control`. It looks there a few times a second.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import ValidationError

from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.requests import ServeRequest
from workbench.section import Section, explain, setting

SHOWN_PER_SECOND = 5
"""How often most services show their figures at most: drawing costs the time of whoever is served."""


class ServiceSection(Section):
    """Base of every service's settings; a service adds its own fields, or hides these by the hint `hidden`."""

    host: str = setting(
        "127.0.0.1", title=mark("Address"), max_length=255, advanced=True,
        help=mark("127.0.0.1 is reached from this machine only, 0.0.0.0 from everywhere in the network."),
    )  # fmt: skip
    port: int = setting(
        4567, title=mark("Port"), zero=mark("any free"), ge=0, le=65_535,
        help=mark("Where the service is reached; 0 takes any that is free."),
    )  # fmt: skip


class Service(ABC):
    """A named service. Importing it imports nothing heavy: the window lists it.

    Attributes:
        name: for the command line.
        title: for people; `help` says what it serves and to whom.
        section: its settings.
        number_titles: a title for each of its numbers, in the order they are shown.
        shown_per_second: how often it tells what it shows at most.
        has_a_page: whether it has a page of its own in the window; the page Serve lists the others.
        in_lines: settings that differ on the command line, where nothing is drawn, from what its section says.
    """

    name: str
    title: str
    help: str
    section: type[ServiceSection] = ServiceSection
    number_titles: ClassVar[dict[str, str]] = {}
    shown_per_second: float = SHOWN_PER_SECOND
    has_a_page: bool = False
    in_lines: ClassVar[dict[str, Any]] = {}

    def missing(self) -> str:
        """What has to be installed before it can run, as a sentence that says how; empty when nothing is missing."""
        return ""

    @abstractmethod
    def run(self, model: str, params: ServiceSection, emit: Emit, control: Control) -> None:
        """Serve until `control` asks to stop.

        Args:
            model: a run folder or a `.keras` file.
            params: its settings.
            emit: takes a `ServiceStarted` when it is ready, then `ServiceShown` or an event of its own at most
                `shown_per_second` times a second; from any thread.
            control: asks to stop, and holds what whoever watches told it meanwhile.

        Raises:
            UserError: it cannot serve: no such model, the port is taken. What a client does wrong never ends it.
        """


def serve(request: ServeRequest, emit: Emit, control: Control) -> None:
    """The job: run a service until it is asked to stop.

    Raises:
        UserError: there is no such service, its settings are wrong, something is not installed, or it cannot serve.
    """
    service = registry().services.get(request.service)
    params = params_of(service, request.params)
    missing = service.missing()
    if missing:
        raise UserError(missing)
    service.run(request.model, params, emit, control)


def params_of(service: Service, values: dict) -> ServiceSection:
    """The settings of a service from plain values.

    Raises:
        UserError: one of them is unknown or out of its limits.
    """
    try:
        return service.section.model_validate(values)
    except ValidationError as error:
        raise explain(error, _("The service {name}").format(name=service.name), service.section) from None
