"""What a person needs to go on by hand on a story's platform: the operator's settings, tokens, and a restart."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from deploy.demo.cast import OFFICERS
from deploy.local.plan import SERVICES, Plan
from deploy.local.platform import Platform

FILE = "operator.env"
API_FUNCTION = """\
api() {  # PERSON METHOD URL [BODY [OPTION-OF-CURL...]]
  curl --silent --show-error -X "$2" "$3" -H "Authorization: Bearer $(token "$1")" \\
    -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \\
    ${4:+-H "Content-Type: application/json" -d "$4"} "${@:5}"
  echo
}
etag() {  # PERSON URL
  api "$1" GET "$2" "" -o /dev/null -D - | tr -d '\\r' | sed -n 's/^etag: //p'
}"""


def write_settings(platform: Platform, supervisor: int) -> Path:
    """A file for `.` in a shell; it holds the administrators' passwords, so nobody else reads it."""
    plan = platform.plan
    settings = {**platform.operators_settings(), **{service.upper(): plan.api(service) for service in SERVICES}}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    file = plan.folder / FILE
    functions = [_token_function(plan), API_FUNCTION, f"restart() {{ kill -USR1 {supervisor}; }}"]
    file.touch(mode=0o600)
    file.write_text("\n".join([*lines, *functions, ""]))
    return file


def _token_function(plan: Plan) -> str:
    """`token PERSON` prints a bearer token."""
    people = "\n".join(f"    {person}) set -- {_form(plan.sign_in.as_person(person))} ;;" for person in OFFICERS)
    read = "import json, sys; print(json.load(sys.stdin)['access_token'])"
    return f"""token() {{
  case "$1" in
{people}
    *) echo "nobody of the story: $1" >&2; return 2 ;;
  esac
  curl --silent --fail "$@" {plan.sign_in.token_url} | python3 -c {shlex.quote(read)}
}}"""


def _form(fields: Mapping[str, str]) -> str:
    return " ".join(f"-d {shlex.quote(f'{name}={value}')}" for name, value in fields.items())
