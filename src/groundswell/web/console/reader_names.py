"""What people are called for whoever reads a page of the console."""

from fastapi import Request

from groundswell.accounts.access import Caller
from groundswell.accounts.person_names import PersonNames
from groundswell.platform.services import services_of


def names_for(request: Request, caller: Caller) -> PersonNames:
    """Names, or pseudonyms, by the caller's roles."""
    return PersonNames.for_roles(caller.roles, services_of(request).settings.secret)
