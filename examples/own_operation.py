"""Operations of one's own beside the built-in ones: ``openrest run examples.own_operation:app``."""

from marshmallow.validate import Length

from openrest import models
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import Conflict
from openrest.interfaces import Record
from openrest.models import shapes
from openrest.query import Condition, Query
from openrest.views import JsonResponse


class Task(models.Model):
    title = models.StringField(required=True, validate=Length(1, 100))
    done_by = models.StringField(dump_only=True)
    id = models.PkField()


class Completion(models.Model):
    by = models.StringField(required=True, validate=Length(1, 40))


class Progress(models.Model):
    total = models.IntegerField(required=True)
    done = models.IntegerField(required=True)


class Tasks(Controller):
    resource = {
        "resource_name": "tasks",
        "resource": [{"title": "Write the model"}, {"title": "Write the tests"}],
        "model": Task,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "DELETE"]}
    view = {"response_class": JsonResponse}

    @operation("POST", "/{id}/completion", body=Completion, errors={409: "It is done already"})
    def complete(self, call: Call) -> Result:
        """Say who has done a task.

        A second time is refused.
        """

        def change(task: Record) -> Record:
            if "done_by" in task:
                raise Conflict(f"{task['done_by']} has done this already.")
            return {**task, "done_by": call.body["by"]}

        return Result(self.store.update(call.key, change))

    @operation("GET", "/progress", returns=Progress)
    def progress(self, call: Call) -> Result:
        """Count the tasks."""
        tasks = list(self.store.find(Query()))
        return Result({"total": len(tasks), "done": sum("done_by" in task for task in tasks)})

    @operation(
        "GET",
        "/done/by/{person}",
        returns="page",
        parameters=[
            Parameter(
                name="person",
                location="path",
                required=True,
                shape=shapes.String(min_length=1),
                description="Who has done the tasks",
            )
        ],
    )
    def done_by(self, call: Call) -> Result:
        """List the tasks that somebody has done."""
        return self.page(call, (Condition("done_by", "eq", call.path["person"]),))

    @declare(
        parameters=[
            Parameter(
                name="force",
                shape=shapes.Boolean(),
                default=False,
                description="Delete it although it is not done",
            )
        ],
        errors={409: "It is not done"},
    )
    def delete(self, call: Call) -> Result:
        """Delete a task that is done.

        With `force` also one that is not done.
        """

        def check(task: Record) -> None:
            if "done_by" not in task and not call.query["force"]:
                raise Conflict("This is not done: ?force=true deletes it all the same.")

        self.store.delete(call.key, check)
        return Result(None, 204)


app = WSGIDispatcher(
    [Tasks], title="Tasks", contact={"name": "The openrest developers"}, license="MIT"
)
