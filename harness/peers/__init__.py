"""Simulated counterparts: the country-B and country-A gateways we run, their key material, caller and listener.

Peers record and answer; they never judge, so nothing here may import checks or validators: a simulator that knows what
is asked of the system under test begins to answer accordingly. Clock and identifiers are handed in.
"""

from harness.peers.answers import Incoming, ListenerLimits, PlannedAnswer, Refusal
from harness.peers.audit_repository import AuditRepository, RepositoryLimits
from harness.peers.client import Caller, OutgoingRequest
from harness.peers.clock import Clock, Ids, SeededIds
from harness.peers.discovery import Finder, Found
from harness.peers.fault import Fault
from harness.peers.faults import FAULTS
from harness.peers.initiating import InitiatingGateway, PreparedRequest, Session
from harness.peers.listener import PeerServer
from harness.peers.metadata_server import MetadataServer, UnservedAddress
from harness.peers.mutation import Mutation
from harness.peers.mutations import MUTATIONS
from harness.peers.pki import Pki, make_pki, other_country, pki_from_files, pki_to_files
from harness.peers.publishing import Publisher
from harness.peers.responding import RespondingGateway
from harness.peers.temperament import Character
from harness.peers.tls import client_context, server_context, tls_facts
from harness.peers.token_service import TokenService

__all__ = [
    "FAULTS",
    "MUTATIONS",
    "AuditRepository",
    "Caller",
    "Character",
    "Clock",
    "Fault",
    "Finder",
    "Found",
    "Ids",
    "Incoming",
    "InitiatingGateway",
    "ListenerLimits",
    "MetadataServer",
    "Mutation",
    "OutgoingRequest",
    "PeerServer",
    "Pki",
    "PlannedAnswer",
    "PreparedRequest",
    "Publisher",
    "Refusal",
    "RepositoryLimits",
    "RespondingGateway",
    "SeededIds",
    "Session",
    "TokenService",
    "UnservedAddress",
    "client_context",
    "make_pki",
    "other_country",
    "pki_from_files",
    "pki_to_files",
    "server_context",
    "tls_facts",
]
