"""What the image, the compose file and the unit promise: known packages, no more rights than needed, and the card."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # it comes with transformers
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.core.errors import EXIT_CANNOT_START
from bot.maintenance.schedule import ALIVE

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("local", "hosted", "identity", "studio", "safety")
LOCKS = sorted(DEPLOY.glob("*.lock"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def locked(lock: Path) -> dict[str, tuple[Requirement, list[str]]]:
    """The lock's entries by name, each with its hashes."""
    joined = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for line in joined.splitlines():
        if line and not line.lstrip().startswith("#"):
            wanted, *hashes = line.split(" --hash=")
            requirement = Requirement(wanted.strip())
            found[canonicalize_name(requirement.name)] = (requirement, [each.strip() for each in hashes])
    return found


def version(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "==", requirement
    return pin.version


@pytest.fixture(params=LOCKS, ids=lambda lock: lock.name)
def lock(request: pytest.FixtureRequest) -> dict[str, tuple[Requirement, list[str]]]:
    return locked(request.param)


def test_there_is_a_lock() -> None:
    assert DEPLOY / "requirements.lock" in LOCKS


def test_every_entry_has_one_version_and_its_hashes(lock: dict[str, tuple[Requirement, list[str]]]) -> None:
    for requirement, hashes in lock.values():
        assert version(requirement)
        assert hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in hashes), requirement


def test_the_lock_brings_all_that_the_bot_runs_with(lock: dict[str, tuple[Requirement, list[str]]]) -> None:
    optional = PROJECT["optional-dependencies"]
    for line in (*PROJECT["dependencies"], *(each for extra in EXTRAS for each in optional[extra])):
        wanted = Requirement(line)
        found = lock.get(canonicalize_name(wanted.name))
        assert found, f"{wanted} is not in the lock: run make lock"
        assert wanted.specifier.contains(version(found[0])), f"{wanted} and {found[0]} differ: run make lock"


def test_the_lock_has_the_versions_that_the_suite_runs_with(lock: dict[str, tuple[Requirement, list[str]]]) -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line)
            found = lock.get(canonicalize_name(wanted.name))
            if found:  # what only tests need is not in it
                assert wanted.specifier.contains(version(found[0])), f"{wanted} and {found[0]} differ: run make lock"


def test_the_lock_names_no_place_to_fetch_from() -> None:
    """Where packages come from is the builder's choice; what they are is the lock's."""
    for lock in LOCKS:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search("^ *(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)", text, re.MULTILINE)


def test_torch_is_locked_with_what_cuda_needs() -> None:
    entries = locked(DEPLOY / "requirements.lock")
    assert len(entries["torch"][1]) > 2  # a build for each platform and Python
    for machine in ("x86_64", "aarch64"):
        there = {"sys_platform": "linux", "platform_machine": machine, "python_full_version": "3.11.17"}
        brought = {name for name, (each, _) in entries.items() if not each.marker or each.marker.evaluate(there)}
        assert {"torch", "triton", "nvidia-cudnn-cu13", "nvidia-cublas", "nvidia-nccl-cu13"} <= brought


def instructions() -> list[str]:
    """The Dockerfile's, each on one line."""
    lines = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))
    return [line for line in lines.replace("\\\n", " ").splitlines() if line]


def test_the_base_image_is_named_by_its_digest() -> None:
    bases = [line for line in instructions() if line.startswith("FROM")]
    assert bases
    for base in bases:
        assert re.fullmatch(r"FROM python:3\.11\S*@sha256:[0-9a-f]{64}", base)


def test_the_image_installs_nothing_that_it_does_not_know() -> None:
    installs = [line for line in instructions() if "pip install" in line]
    assert len(installs) == 2
    for install in installs:
        assert "--require-hashes" in install or {"--no-index", "--no-deps"} <= set(install.split())
        assert "--no-build-isolation" in install  # else pip fetches what builds it, unhashed
    assert "USER likeness" in instructions()
    assert "!deploy/*.lock" in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()}
    for line in instructions():
        if line.startswith("COPY"):
            *sources, _ = (word for word in line.split()[1:] if not word.startswith("--"))
            assert set(sources) <= sent
            assert all(list(ROOT.glob(source)) for source in sources)


def test_the_container_has_no_rights_that_it_does_not_need() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["studio"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert [each.partition(":")[0] for each in service["tmpfs"]] == ["/tmp"]  # noqa: S108
    assert service["pids_limit"] <= 4096
    assert service["mem_limit"]
    assert service["user"] == "1000:1000"
    assert not {"privileged", "devices", "network_mode", "pid", "ipc"} & service.keys()
    (data,) = service["volumes"]
    assert data.endswith(":/studio")


def test_the_card_is_one_file_more_and_the_image_says_how_it_is() -> None:
    card = yaml.safe_load((DEPLOY / "compose.gpu.yaml").read_text(encoding="utf-8"))["services"]["studio"]
    (device,) = card["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    (health,) = (line for line in instructions() if line.startswith("HEALTHCHECK"))
    assert f"/studio/{ALIVE}" in health


def test_all_that_the_container_writes_goes_to_the_volume() -> None:
    """The root is read-only: a cache elsewhere would fail with the first model."""
    (line,) = (line for line in instructions() if line.startswith("ENV"))
    places = dict(word.split("=", 1) for word in line.split()[1:])
    for name in ("DATA_FOLDER", "HF_HOME", "XDG_CACHE_HOME", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH", "SQLITE_TMPDIR"):
        assert places[name].startswith("/studio")


def unit() -> dict[str, list[str]]:
    """The unit's settings; one that is given twice adds up."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "likeness.service").read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("PrivateTmp", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("ProtectKernelModules", "yes"),
        ("ProtectKernelLogs", "yes"),
        ("ProtectHostname", "yes"),
        ("RestrictNamespaces", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX AF_NETLINK"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
    ],
)
def test_the_service_is_closed_in(name: str, value: str) -> None:
    assert unit()[name] == [value]


def test_the_service_has_a_limit_of_memory_and_a_list_of_calls() -> None:
    service = unit()
    assert service["MemoryMax"]
    allowed, *taken = service["SystemCallFilter"]
    assert allowed == "@system-service"
    # The worker's niceness, its limits of memory and CUDA's memory policies are among these.
    assert all(each.startswith("~") and "@resources" not in each and "@process" not in each for each in taken)
    assert service["SystemCallErrorNumber"] == ["EPERM"]


def test_the_service_reaches_the_graphics_card() -> None:
    """`ProtectClock` adds a device rule, and with one rule all other devices are hidden."""
    service = unit()
    hiding = {"PrivateDevices", "DeviceAllow", "DevicePolicy", "ProtectClock", "ProcSubset", "MemoryDenyWriteExecute"}
    assert not hiding & service.keys()
    assert service["ExecStartPre"] == ["+-/usr/bin/nvidia-modprobe -u -c=0"]
    assert "nvidia-persistenced.service" in service["After"][0].split()


def test_a_start_that_cannot_succeed_is_not_tried_again() -> None:
    """A card that torch cannot use is among what ends a start so."""
    service = unit()
    assert service["RestartPreventExitStatus"] == [str(EXIT_CANNOT_START)]
    assert f'"$code" -eq {EXIT_CANNOT_START}' in (DEPLOY / "entrypoint.sh").read_text(encoding="utf-8")


def test_nobody_is_told_to_install_a_strangers_package() -> None:
    """`likeness` is not ours on PyPI: extras are installed from the checkout."""
    told = [
        ROOT / "README.md",
        *(path for folder in ("docs", "bot", "engine") for path in ROOT.glob(f"{folder}/**/*.*")),
    ]
    for path in told:
        if path.suffix not in {".md", ".py"}:
            continue
        assert not re.search(r"pip install [\"']?likeness", path.read_text(encoding="utf-8")), path
