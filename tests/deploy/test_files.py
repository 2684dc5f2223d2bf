"""What lies in deploy/ fits the code: no setting that Gege does not know, no path that she does not serve, no stop that cuts her short."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.recordings.keys import VARIABLE
from bot.settings import PROJECT, Settings, load_settings
from bot.telephone import telephone
from bot.web.cases import COOKIE
from tests.deploy.programs import program

DEPLOY = PROJECT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
CLUSTER: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "gege.yaml").read_text()))
#: a stop that lets calls finish, and closes what is open
STOP_S = Settings().capacity.stop_s + telephone._APOLOGY_S + 10


#: what the code says
CODE = "".join(file.read_text() for file in sorted((PROJECT / "bot").rglob("*.py")))


def of(kind: str) -> dict[str, Any]:
    (found,) = (one for one in CLUSTER if one["kind"] == kind)
    return found


def served() -> set[str]:
    """The paths of GET that the pages' code names."""
    sources = "".join(file.read_text() for file in (PROJECT / "bot" / "web").rglob("*.py"))
    return set(re.findall(r'web\.get\(\s*"([^"]+)"', sources))


def settings_files() -> Iterator[tuple[str, str]]:
    for file in sorted(DEPLOY.rglob("*.toml")):
        yield str(file.relative_to(DEPLOY)), file.read_text()
    yield "kubernetes/gege.yaml", of("ConfigMap")["data"]["gege.toml"]


@pytest.mark.parametrize(("name", "text"), settings_files())
def test_gege_knows_every_setting(name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in re.findall(r'"env:(\w+)"', text):
        monkeypatch.setenv(variable, "a secret")
    (tmp_path / "secret").write_text("a secret\n")
    (tmp_path / "gege.toml").write_text(re.sub(r'"file:[^"]+"', f'"file:{tmp_path}/secret"', text))
    monkeypatch.delenv("GEGE_DATABASE_URL", raising=False)
    settings = load_settings(tmp_path)
    if name != "kubernetes/gege.yaml":
        assert settings.web.host == "127.0.0.1", "nothing is open to the world before a proxy stands there"
    assert not tomllib.loads(text).get("site"), "a site's own name is the site's to write"


def test_the_cluster_asks_what_gege_answers_and_waits_for_her_calls() -> None:
    pod = of("StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert [probe["path"] for probe in probes] == ["/live", "/live", "/ready"]
    assert {probe["path"] for probe in probes} <= served()
    settings = tomllib.loads(of("ConfigMap")["data"]["gege.toml"])
    (port,) = container["ports"]
    assert port["containerPort"] == settings["web"]["port"] and {probe["port"] for probe in probes} == {port["name"]}
    # A probe by the pod's own address names a host that the guard lets in.
    assert {probe["httpHeaders"][0]["value"] for probe in probes} <= set(settings["web"]["hosts"])
    assert pod["terminationGracePeriodSeconds"] >= STOP_S
    assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        *(volume["name"] for volume in pod["volumes"]),
        *(claim["metadata"]["name"] for claim in of("StatefulSet")["spec"]["volumeClaimTemplates"]),
    }
    assert (
        of("Ingress")["metadata"]["annotations"]["nginx.ingress.kubernetes.io/upstream-hash-by"] == f"$cookie_{COOKIE}"
    )
    head = (DEPLOY / "kubernetes" / "gege.yaml").read_text()
    named = set(re.findall(r"--from-literal=(\w+)=", head))
    keys = next(volume["secret"] for volume in pod["volumes"] if volume["name"] == "keys")["secretName"]
    assert f"generic {keys} " in head
    for mount in container["volumeMounts"]:
        if mount["name"] == "keys":
            # The names that Gege gives her keys.
            assert f'"keys" / "{mount["subPath"]}"' in CODE, mount
    assert named == {"GEGE_DATABASE_URL", VARIABLE, *re.findall(r'"env:(\w+)"', head)}


def test_everything_in_the_cluster_finds_its_partner() -> None:
    labels = of("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    for selector in (
        of("Service")["spec"]["selector"], of("StatefulSet")["spec"]["selector"]["matchLabels"],
        of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"], of("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ):  # fmt: skip
        assert selector == labels
    assert {one["metadata"]["namespace"] for one in CLUSTER} == {"gege"}


def test_compose_opens_nothing_to_the_world_and_mounts_what_is_there() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} opens {port}"
        assert service["restart"] == "always"
        for secret in service.get("secrets", ()):
            assert secret in COMPOSE["secrets"]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (DEPLOY / "compose" / source).exists(), source
            else:
                assert source in COMPOSE["volumes"]
    gege = services["gege"]
    assert int(gege["stop_grace_period"].removesuffix("s")) >= STOP_S
    assert re.search(r"8080(/\w+)'", gege["healthcheck"]["test"][-1])[1] in served()  # type: ignore[index]
    assert {name for name in gege["environment"] if name.startswith("GEGE_")} == {"GEGE_DATABASE_URL", "GEGE_LOG"}
    assert (PROJECT / gege["build"]["dockerfile"]).is_file()


def test_the_image_takes_the_steps_that_are_tried_here() -> None:
    text = (DEPLOY / "compose" / "Dockerfile").read_text()
    extras = re.findall(r"--extra (\S+)", text)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert extras and set(extras) <= set(project["optional-dependencies"])
    assert (PROJECT / "scripts" / "bring-uv").exists() and "USER gege" in text


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze, name = program("systemd-analyze"), "gege.service"
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text().replace("/opt/gege/.venv/bin/gege", sys.executable)
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", tmp_path / name], capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "gege" in line], done.stderr


def test_the_unit_is_shut_in() -> None:
    name = "gege.service"
    command = [
        program("systemd-analyze"),
        "security",
        "--offline=true",
        "--no-pager",
        "--threshold=20",
        DEPLOY / "systemd" / name,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if "offline" in done.stderr:
        pytest.skip("NO systemd-analyze security --offline here")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_every_file_says_what_was_tried() -> None:
    for file in (
        "install-debian.sh", "kamailio/kamailio.cfg", "haproxy/haproxy.cfg", "patroni/README.md", "compose/compose.yaml",
        "compose/Dockerfile", "kubernetes/gege.yaml", "README.md",
    ):  # fmt: skip
        assert re.search(r"\btried\b", (DEPLOY / file).read_text()[:1800], re.IGNORECASE), file


def test_scripts_have_no_known_mistake() -> None:
    scripts = [DEPLOY / "install-debian.sh"]
    done = subprocess.run([program("shellcheck"), *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert shutil.which("bash")
