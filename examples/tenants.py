"""An API for several customers, each of whom has their own rows.

``openrest run examples.tenants:app``; the rows are kept in ``tenants.db``.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow.validate import Length

from openrest import models
from openrest.asking import asked_by, unscoped
from openrest.audit import AuditEntry, AuditTrail
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Role
from openrest.controllers import Call, Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore, UniqueTogether
from openrest.interfaces import Record, User
from openrest.query import Condition, Query
from openrest.ratelimit import RateLimit, RequestView
from openrest.views import JsonResponse

FILE = "tenants.db"

#: Who has which key. An id is that of one user, whichever tenant they are of.
USERS = {
    hash_api_key("key-of-mia"): {"id": "mia@acme", "tenant": "acme", "roles": ["manager"]},
    hash_api_key("key-of-bob"): {"id": "bob@acme", "tenant": "acme", "roles": ["member"]},
    hash_api_key("key-of-eve"): {"id": "eve@acme", "tenant": "acme", "roles": ["member"]},
    hash_api_key("key-of-gus"): {"id": "gus@globex", "tenant": "globex", "roles": ["manager"]},
    hash_api_key("key-of-ann"): {"id": "ann", "roles": ["admin"]},
}

KEYS = ApiKeyAuthentication(USERS)
EVERYBODY = Role("member", "manager", "admin")
OF_A_TENANT = Role("member", "manager")
MANAGERS = Role("manager")
IN_CHARGE = Role("manager", "admin")


def own(user: User) -> Mapping[str, Any]:
    """Each tenant has their own objects, and an administrator has those of all."""
    return {} if "admin" in user["roles"] else {"tenant": user["tenant"]}


def tenant(request: RequestView) -> str:
    """For whom a request counts: all users of a tenant together, an administrator alone."""
    assert request.user is not None  # who is not known has been refused before
    of = request.user.get("tenant")
    return f"user {request.user['id']}" if of is None else f"tenant {of}"


LIMITS = [
    RateLimit("3000/minute", by=tenant, name="tenant"),
    RateLimit("600/minute", name="user"),
]


class Project(models.Model):
    id = models.UUIDPkField()
    name = models.StringField(required=True, validate=Length(1, 80))
    budget = models.IntegerField(allow_none=True)
    tenant = models.StringField(required=True, dump_only=True)


class Task(models.Model):
    id = models.UUIDPkField()
    title = models.StringField(required=True, validate=Length(1, 200))
    done = models.BooleanField(load_default=False)
    project = models.UUIDForeignField(
        required=True, foreign={"resource": "projects", "on_delete": "cascade"}
    )
    owner = models.StringField(required=True, dump_only=True)
    tenant = models.StringField(required=True, dump_only=True)


class Entry(AuditEntry):
    tenant = models.StringField(allow_none=True)


ENTRIES = {"name": FILE, "table": "audit"}
TRAIL = AuditTrail(SQLiteDataStore, ENTRIES, model=Entry, copies=["tenant"], guarded=True)


class Projects(Controller):
    resource = {
        "resource_name": "projects",
        "resource": {"name": FILE, "table": "projects"},
        "model": Project,
        "datastore": SQLiteDataStore,
        "options": {"validators": [UniqueTogether("tenant", "name")]},
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PATCH", "DELETE"],
        "options": {
            "authentication": KEYS,
            "authorization": {"GET": EVERYBODY, "DELETE": IN_CHARGE, "*": MANAGERS},
            "scope": own,
            "readable": {"budget": IN_CHARGE},
            "writable": {"budget": MANAGERS},
            "ratelimit": LIMITS,
            "audit": TRAIL,
            "children": ["tasks"],
        },
    }
    view = {"response_class": JsonResponse}


class Tasks(Controller):
    resource = {
        "resource_name": "tasks",
        "resource": {"name": FILE, "table": "tasks"},
        "model": Task,
        "datastore": SQLiteDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PATCH", "DELETE"],
        "options": {
            "authentication": KEYS,
            "authorization": {"GET": EVERYBODY, "DELETE": IN_CHARGE, "*": OF_A_TENANT},
            "scope": own,
            "ratelimit": LIMITS,
            "audit": TRAIL,
            "embed": ["project"],
        },
    }
    view = {"response_class": JsonResponse}

    def before_create(self, call: Call, record: Record) -> Record:
        assert call.user is not None
        return {**record, "owner": call.user["id"]}

    def may_change(self, call: Call, current: Record) -> bool:
        assert call.user is not None
        return IN_CHARGE.allows(call.user) or bool(current["owner"] == call.user["id"])


class Audit(Controller):
    resource = {
        "resource_name": "audit",
        "resource": ENTRIES,
        "model": Entry,
        "datastore": SQLiteDataStore,
    }
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": ["GET"],
        "options": {
            "authentication": KEYS,
            "authorization": IN_CHARGE,
            "scope": own,
            "ratelimit": LIMITS,
            "default_sort": ["-id"],
        },
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher(
    [Projects, Tasks, Audit],
    title="Projects of several customers",
    contact={"name": "The openrest developers"},
    license="MIT",
    document="allowed",
)


def forget_done(api: WSGIDispatcher) -> dict[str, int]:
    """A job: delete the tasks that are done, tenant by tenant; how many of whom."""
    tasks = next(each for each in api.controllers if each.definition.name == "tasks").store
    done = Query((Condition("done", "eq", True),))
    with unscoped():
        tenants = sorted({task["tenant"] for task in tasks.find(done)})
    forgotten = {}
    for of in tenants:
        with asked_by({"id": "nightly", "tenant": of, "roles": []}):
            forgotten[of] = tasks.delete_many(done, most=1000)
    return forgotten
