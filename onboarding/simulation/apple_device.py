"""A simulated Apple device: it enrols with a profile, connects when pushed and carries out commands.

It speaks to the server by HTTP alone and shares no code with it. One device is used by one thread at a time.
Message shapes: Apple's "Check-in" and "Commands and queries" of the Device Management documentation.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onboarding.simulation.apple_answers import (
    Answer,
    answer_command,
    error_answer,
    keep_profile,
    profile_data,
    renewed_enrolment,
)
from onboarding.simulation.apple_channel import (
    Conversation,
    Ending,
    EnrolmentFailed,
    Executed,
    Interrupted,
    NotEnrolled,
    Refused,
    Unwanted,
    authenticate_fields,
    put_message,
    report_on,
    token_update_fields,
)
from onboarding.simulation.apple_declarations import follow_declarations, update_system
from onboarding.simulation.apple_effects import Effects
from onboarding.simulation.apple_faults import Faults
from onboarding.simulation.apple_hardware import Hardware, draw_hardware
from onboarding.simulation.apple_http import HttpClient, ServerUnreachable
from onboarding.simulation.apple_installs import Installer
from onboarding.simulation.apple_models import OsRelease
from onboarding.simulation.apple_profile import ProfileError, ScepPayload, read_enrolment, read_plist
from onboarding.simulation.apple_setup import Activation, SetUp, is_awaited
from onboarding.simulation.apple_state import App, DeviceState, InstalledProfile, Management
from onboarding.simulation.apple_state_file import load_state, save_state
from onboarding.simulation.apple_store import AppStore
from onboarding.simulation.apple_user import InHand
from onboarding.simulation.identity import Identity, KeyFactory, SignatureStyle, generate_key
from onboarding.simulation.scep_client import PKCS_REQ, RENEWAL_REQ, ScepClient, ScepError, ScepOptions

# A device follows commands for as long as it is given some; this only ends a server's endless loop.
_COMMANDS_PER_CONNECTION = 1000


class SimulatedAppleDevice(InHand):
    """Device number ``index`` of the fleet ``seed``: the same two always give the same serial and UDID.

    ``supervised``, ``model`` (a name of ``apple_models.MODELS``), ``os_version``, ``time_zone`` (an IANA name) and
    ``apps`` replace what the seed would give; raises UnknownModel.
    ``faults``: what goes wrong with it; ``installer.fault``: with the apps it is told to install. ``store``: whom it
    asks about apps of the store; without, it knows none.
    ``activation``: whom it asks before its set-up; with one it is new in its box until ``set_up``.
    With ``state_file`` everything is kept across restarts; raises StateError when that file is unreadable.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        seed: str = "muster",
        index: int = 0,
        supervised: bool | None = None,
        model: str = "",
        os_version: str = "",
        time_zone: str = "",
        apps: list[App] | None = None,
        store: AppStore | None = None,
        activation: Activation | None = None,
        state_file: Path | None = None,
        signature_style: SignatureStyle = "der",
        scep_options: ScepOptions | None = None,
        key_factory: KeyFactory = generate_key,
    ) -> None:
        self.hardware: Hardware = draw_hardware(
            seed=seed, index=index, model=model, os_version=os_version, time_zone=time_zone
        )
        self.signature_style: SignatureStyle = signature_style
        self.faults = Faults()
        self.installer = Installer(http, store)
        self.activation = activation
        self._http = http
        self._scep_options = scep_options
        self._key_factory = key_factory
        self._state_file = state_file
        self._restart_due = False
        restored = load_state(state_file, udid=self.udid) if state_file else None
        new = DeviceState.boxed(self.hardware) if activation else DeviceState.fresh(self.hardware, apps)
        self.state: DeviceState = restored or new
        if self.state.os_version:
            self.hardware = self.hardware.updated(OsRelease(self.state.os_version, self.state.os_build))
        if supervised is not None:
            self.state.is_supervised = supervised

    # --- what it is -------------------------------------------------------------------------------------------

    @property
    def serial(self) -> str:
        return self.hardware.serial

    @property
    def udid(self) -> str:
        return self.hardware.udid

    @property
    def effects(self) -> Effects:
        """What the profiles installed now do to it."""
        return Effects(self.hardware, self.state)

    @property
    def is_enrolled(self) -> bool:
        return self.state.management is not None

    @property
    def push_token(self) -> str:
        """The APNs token in hex, or an empty string when not enrolled."""
        return self.state.management.push_token.hex() if self.state.management else ""

    def accepts_push(self, payload: Mapping[str, Any]) -> bool:
        """Whether this push makes the device connect: its payload carries the device's own magic, and it lives."""
        management = self.state.management
        if management is None or self.faults.dead or not self.state.powered_on:
            return False
        return payload.get("mdm") == management.push_magic

    # --- its life ---------------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Somebody switches it on for the first time: it enrols as Apple tells it (ADE). Raises EnrolmentFailed.

        Where its profile wants that, it then waits in its set-up assistant until the server says DeviceConfigured.
        """
        if self.activation is None or not self.state.in_setup:
            raise EnrolmentFailed(f"The device {self.serial} is not in its set-up assistant.", retryable=False)
        assistant = SetUp(self._http, self.activation, self.hardware, self.state, self._key_factory)
        try:
            record = assistant.record()
            profile = assistant.profile(record["url"])
        finally:
            self.hardware = assistant.hardware
            self.save()
        self.state.is_supervised = True
        self.enrol(profile, by_ade=True, awaited=is_awaited(record))

    def enrol(self, profile: bytes, *, by_ade: bool = False, awaited: bool = False) -> None:
        """Installs an enrolment profile: SCEP, Authenticate, TokenUpdate. Raises EnrolmentFailed.

        An enrolled device first forgets its old server, without a word to it. By hand: its set-up is over.
        """
        try:
            enrolment = read_enrolment(profile)
            self.state.forget_server()
            identity = self._request_identity(enrolment.scep)
            self.state.management = Management.begin(enrolment, identity, self.hardware)
            self.state.management.by_ade, self.state.awaiting_configuration = by_ade, awaited
            self._introduce()
            self.state.in_setup = awaited
        except ProfileError as error:
            raise EnrolmentFailed(str(error), retryable=False) from error
        except ScepError as error:
            raise EnrolmentFailed(str(error), retryable=error.retryable) from error
        except Refused as error:
            self.state.forget_server()
            raise EnrolmentFailed(str(error), retryable=error.status >= 500) from error
        except ServerUnreachable as error:
            self.state.forget_server()
            raise EnrolmentFailed(str(error), retryable=True) from error
        else:
            keep_profile(self.state, InstalledProfile(enrolment.identifier, profile, managed=False))
        finally:
            self.save()

    def connect(self) -> Conversation:
        """Asks the server for commands and answers each until there are no more. Raises nothing on trouble."""
        executed: list[Executed] = []
        try:
            ending = self._converse(executed)
            if ending == "finished":
                self._follow_declarations()
            status = 200
        except Interrupted as interruption:
            ending, status = interruption.ending, 200
        except Refused as refusal:
            ending, status = ("unenrolled" if isinstance(refusal, Unwanted) else "refused"), refusal.status
        except ServerUnreachable:
            ending, status = "unreachable", 0
        finally:
            if self._restart_due:  # until its first unlock the data of a restarted device is protected
                self._restart_due, self.state.locked = False, self.state.passcode_set
            self.save()
        return Conversation(tuple(executed), ending, status)

    def check_out(self) -> bool:
        """The user removes the management profile. Tells the server if the profile says so; True if it heard."""
        management = self._managed()
        heard = False
        if management.check_out_when_removed:
            try:
                self._check_in("CheckOut")
                heard = True
            except (Refused, ServerUnreachable):
                heard = False  # best effort: the device forgets its server all the same
        self.state.forget_server()
        self.save()
        return heard

    def renew_identity(self, profile: bytes | None = None) -> None:
        """Gets a new key and certificate, then Authenticate and TokenUpdate as after an enrolment.

        Without a profile by a SCEP renewal signed with the old identity; with one (which carries a new
        challenge) by a first request, as some devices do. Raises ScepError, ProfileError, Refused and
        ServerUnreachable; the old identity then stays.
        """
        management = self._managed()
        scep = read_enrolment(profile).scep if profile else management.scep
        identity = self._request_identity(scep, renewed=None if profile else management.identity)
        old, management.identity = management.identity, identity
        try:
            self._introduce()
        except (Refused, ServerUnreachable):
            management.identity = old
            raise
        finally:
            self.save()

    def rotate_push_token(self) -> None:
        """APNs gave the device another token: it tells the server. Raises Refused and ServerUnreachable."""
        management = self._managed()
        management.push_token = secrets.token_bytes(32)
        self.save()
        self._check_in("TokenUpdate", self._token_update_fields())

    def set_bootstrap_token(self, token: bytes) -> None:
        """Escrows a bootstrap token; an empty one removes it. Raises as rotate_push_token."""
        self._check_in("SetBootstrapToken", {"BootstrapToken": token})

    def get_bootstrap_token(self) -> bytes:
        """The escrowed token, empty when the server has none. Raises as rotate_push_token."""
        content = self._check_in("GetBootstrapToken")
        answer = read_plist(content) if content else {}
        token = answer.get("BootstrapToken", b"") if isinstance(answer, dict) else b""
        return token if isinstance(token, bytes) else b""

    def unlock(self) -> Conversation | None:
        """The user unlocks it. A device whose last word was NotNow then connects by itself (else None).

        Nobody can unlock a device in Lost Mode.
        """
        if self.state.lost_mode:
            return None
        self.state.locked = False
        self.save()
        if self.is_enrolled and self.state.last_status == "NotNow":
            return self.connect()
        return None

    def save(self) -> None:
        """Writes the state file, if there is one."""
        if self._state_file:
            save_state(self._state_file, udid=self.udid, state=self.state)

    # --- commands ---------------------------------------------------------------------------------------------

    def _converse(self, executed: list[Executed]) -> Ending:
        if self.state.management is None:
            return "not enrolled"
        if not self.state.powered_on:
            return "powered off"
        self.state.use_battery()
        self.installer.advance(self.hardware, self.state)
        self._update_system()
        content = self._report({"Status": "Idle"})
        while content:
            if len(executed) >= _COMMANDS_PER_CONNECTION:
                return "endless"
            message = read_plist(content)
            if not isinstance(message, dict):
                self._report({"Status": "CommandFormatError"})
                return "finished"
            if self.faults.dies_now():
                return "dead"
            answer, done = self._carry_out(message)
            executed.append(done)
            try:
                content = self._report(report_on(done, answer.fields))
            finally:
                ending = self._afterwards(answer)  # it happens whether or not the report arrived
            if ending:
                return ending
        return "finished"

    def _carry_out(self, message: Mapping[str, Any]) -> tuple[Answer, Executed]:
        command = message.get("Command")
        command = command if isinstance(command, dict) else {}
        answer = self._reinstall_management(command) or self.faults.answer(command, self._answer)
        uuid_text = str(message.get("CommandUUID", ""))
        return answer, Executed(uuid_text, str(command.get("RequestType", "")), answer.status)

    def _answer(self, command: Mapping[str, Any]) -> Answer:
        return answer_command(command, self.hardware, self.state, install=self.installer.answer)

    def _reinstall_management(self, command: Mapping[str, Any]) -> Answer | None:
        """The server renews the device's identity by installing the enrolment profile again; None: another command."""
        enrolment = renewed_enrolment(command, self.state)
        if enrolment is None or isinstance(enrolment, Answer):
            return enrolment
        data = profile_data(command)
        try:
            self.renew_identity(data)
        except Unwanted:
            raise
        except (ScepError, Refused) as error:
            return error_answer("MCSCEPErrorDomain", 22013, str(error))
        keep_profile(self.state, InstalledProfile(enrolment.identifier, data, managed=False))
        return Answer()

    def _afterwards(self, answer: Answer) -> Ending | None:
        """What follows a report. An ending when the connection is over by it."""
        if answer.afterwards == "erase":
            self.state = self.state.erased(self.hardware)
            return "erased"
        if answer.afterwards == "leave":
            if self.is_enrolled:
                self.check_out()
            return "unenrolled"
        if answer.afterwards == "restart":
            self._restart_due = True  # once the connection is over
        if answer.afterwards == "power off":
            self.state.powered_on = False
            return "powered off"
        return None

    def _follow_declarations(self) -> None:
        """An update whose time has come already is installed as soon as it is declared, and told."""
        follow_declarations(self._declarative, self.hardware, self.state, self.faults.refuses)
        self._update_system()
        follow_declarations(self._declarative, self.hardware, self.state, self.faults.refuses)

    def _update_system(self) -> None:
        self.hardware = update_system(self.hardware, self.state, self.faults)

    # --- messages ---------------------------------------------------------------------------------------------

    def _request_identity(self, scep: ScepPayload, *, renewed: Identity | None = None) -> Identity:
        """A new key and its certificate; the request is signed by the identity it renews, or by a throw-away one."""
        key = self._key_factory(scep.key_size)
        signer = renewed or Identity.self_signed(key, scep.x509_subject())
        message_type = RENEWAL_REQ if renewed else PKCS_REQ
        client = ScepClient(self._http, scep, self._scep_options)
        return Identity(key, client.request_certificate(key, signer, message_type=message_type))

    def _introduce(self) -> None:
        """Authenticate and TokenUpdate, as after every installation of the enrolment profile."""
        self._check_in("Authenticate", authenticate_fields(self.hardware, self.state))
        self._check_in("TokenUpdate", self._token_update_fields())

    def _token_update_fields(self) -> dict[str, Any]:
        return token_update_fields(self._managed(), awaiting=self.state.awaiting_configuration)

    def _check_in(self, message_type: str, fields: Mapping[str, Any] | None = None) -> bytes:
        management = self._managed()
        message = {"MessageType": message_type, "UDID": self.udid, "Topic": management.topic, **(fields or {})}
        return self._put(management.check_in_url, message)

    def _declarative(self, endpoint: str, data: bytes | None) -> bytes:
        fields: dict[str, Any] = {"Endpoint": endpoint, **({} if data is None else {"Data": data})}
        return self._check_in("DeclarativeManagement", fields)

    def _report(self, report: Mapping[str, Any]) -> bytes:
        """Sends a report and gives the next command's bytes. Raises Interrupted, Refused and ServerUnreachable."""
        content = self.faults.send(report, lambda: self._put(self._managed().server_url, {"UDID": self.udid, **report}))
        self.state.last_status = str(report["Status"])
        return self.faults.receive(content)

    def _put(self, url: str, message: Mapping[str, Any]) -> bytes:
        """One message. Raises Refused and ServerUnreachable; after Unwanted the device is no longer managed."""
        try:
            return put_message(self._http, url, message, management=self._managed(), style=self.signature_style)
        except Unwanted:
            self.state.forget_server()
            raise

    def _managed(self) -> Management:
        if self.state.management is None:
            raise NotEnrolled(f"The device {self.serial} is not enrolled.")
        return self.state.management
