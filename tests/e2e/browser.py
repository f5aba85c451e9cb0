"""The demo page as a person uses it: the process of `make demo`, and Chromium on the address that it prints.

Everything here waits for what a person would see; nothing reaches behind the page.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.async_api import Locator, Page, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

ROOT: Final = Path(__file__).resolve().parents[2]
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_S: Final = 120
PORTRAIT_S: Final = 300
STEP_S: Final = 120

_ADDRESS = re.compile(r"http://\S+")
_NUMBER = re.compile(r"No\. (\d+)")
_STEP = re.compile(r"step \d+ of \d+")


def chromium() -> str | None:
    """Where Chromium is on this machine; None: nowhere."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(slots=True)
class DemoProcess:
    """`python -m bot.operations.demo` on a data folder, startable again after it was stopped."""

    folder: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns once the address is printed. Raises RuntimeError with what the demo said instead.

        What it logs goes to a file beside its data folder.
        """
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "bot.operations.demo",
                    "--no-browser",
                    "--port",
                    "0",
                    "--data",
                    str(self.folder),
                ),
                *self.arguments,
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            )
        self.address = await asyncio.wait_for(self._printed_address(self._process), START_S)

    @property
    def log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.log")

    async def _printed_address(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        while line := (await process.stdout.readline()).decode():
            if found := _ADDRESS.search(line):
                return found[0]
        raise RuntimeError(f"The demo ended without an address: {self.log.read_text()}")

    async def stop(self) -> int:
        """Press Ctrl+C; returns the exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), START_S)
        assert process.returncode is not None
        return process.returncode


@asynccontextmanager
async def browser_page(*, width: int = 1280, height: int = 1000) -> AsyncIterator[Page]:
    """An empty tab of a Chromium of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = await browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(STEP_S * 1000)
        expect.set_options(timeout=STEP_S * 1000)
        try:
            yield page
        finally:
            await browser.close()


@dataclass(slots=True)
class StudioPage:
    """The channel #studio in an open tab. `steps` are the different step texts seen during the latest order."""

    page: Page
    steps: list[str] = field(default_factory=list)

    async def open(self, address: str) -> None:
        await self.page.goto("about:blank")
        await self.page.goto(address)
        await expect(self.messages.first).to_contain_text("Welcome to the studio", timeout=START_S * 1000)

    @property
    def messages(self) -> Locator:
        return self.page.locator("article.channel-message")

    @property
    def latest(self) -> Locator:
        return self.messages.last

    async def view_as(self, name: str) -> None:
        """Be another member of the server."""
        await self.page.get_by_label("Viewing as").select_option(label=name)
        await expect(self.page.get_by_label("Viewing as").locator("option:checked")).to_have_text(name)
        await expect(self.composer).to_be_enabled()

    @property
    def composer(self) -> Locator:
        return self.page.get_by_placeholder("Message #studio")

    async def command(self, name: str) -> None:
        """Type a command's name and choose it from the picker with Enter."""
        await self.composer.click()
        await self.page.keyboard.type(f"/{name}")
        picked = self.page.locator("#command-picker-listbox [aria-selected=true]")
        await expect(picked.locator("strong")).to_have_text(f"/{name}")
        await self.page.keyboard.press("Enter")
        await expect(self.composer).to_be_hidden()

    async def order(self, prompt: str, **options: str) -> list[int]:
        """`/portrait` with a prompt, by keyboard; returns the numbers of the finished portraits.

        A `model` is typed by its title and chosen from the list that comes up.
        """
        await self.command("portrait")
        await expect(self._offered_option).to_have_attribute("data-value", "prompt")
        await self.page.keyboard.press("Enter")
        await self.page.keyboard.type(prompt)
        for name, value in options.items():
            await self._add_option(name, value)
            if name == "model":
                await self._choose(f"{value}:")
        if "model" in options:
            return await self.portraits_after(self.run)
        return await self.portraits_after(lambda: self.page.keyboard.press("Enter"))

    async def _choose(self, beginning: str) -> None:
        """Take the offered value whose label begins so."""
        labels = self.page.locator("#command-suggestion-listbox .command-suggestion-label")
        await labels.filter(has_text=re.compile(rf"^{re.escape(beginning)}")).click()

    @property
    def _offered_option(self) -> Locator:
        return self.page.locator("#command-suggestion-listbox [aria-selected=true]")

    async def choose(self, name: str) -> None:
        """Fill an option that offers members or saved faces."""
        await self.page.keyboard.type(name)
        await expect(self._offered_option.locator(".command-suggestion-label")).to_contain_text(name)
        await self.page.keyboard.press("Enter")

    async def _add_option(self, name: str, value: str) -> None:
        """Choose an option from the list of those that are left, and type its value."""
        await self.page.locator(".command-ghost").click()
        await self.page.locator(f"#command-suggestion-listbox [data-value={name}]").click()
        await self.page.keyboard.type(value)

    @property
    def send(self) -> Locator:
        """The button beside the composer. The page takes no other action while it is disabled."""
        return self.page.get_by_role("button", name="Send", exact=True)

    async def run(self) -> None:
        """Send the command that is typed: the button, or Enter where the page was still taking in what was typed.

        The button first, since after a click into a list the keyboard is not the composer's, and Enter is lost.
        """
        acts: tuple[Callable[[], Awaitable[None]], ...] = (self.send.click, lambda: self.page.keyboard.press("Enter"))
        for act in acts:
            await expect(self.send).to_be_enabled()
            await act()
            with suppress(AssertionError):
                await expect(self.composer).to_be_visible(timeout=STEP_S * 500)
                return
        await expect(self.composer).to_be_visible()

    async def run_refused(self, text: str) -> None:
        """Send a command that the bot refuses with this text: it stays typed, so the answer is waited for."""
        await self._answered(text, self.send.click, lambda: self.page.keyboard.press("Enter"))

    async def press_for_answer(self, number: int, button: str, text: str) -> None:
        """Press a button under a portrait that is answered by a message with this text."""
        await self._answered(text, *[lambda: self.press(number, button)] * 2)

    async def _answered(self, text: str, *acts: Callable[[], Awaitable[None]]) -> None:
        """Do this, and the next where no answer comes: the page may lose an action, and a person would repeat it."""
        for act in acts:
            await expect(self.send).to_be_enabled()
            await act()
            with suppress(AssertionError):
                await expect(self.latest).to_contain_text(text, timeout=STEP_S * 500)
                return
        await expect(self.latest).to_contain_text(text)

    async def change(self, number: int, slot: str) -> None:
        """Choose a slot from the portrait's Change… select, which opens a form."""

        async def choose() -> None:
            await self.message(number).get_by_role("combobox").click()
            await self.message(number).get_by_role("option", name=slot).click()

        await self._form_after(choose)

    async def press_for_form(self, number: int, button: str) -> None:
        """Press a button under a portrait that opens a form."""
        await self._form_after(lambda: self.press(number, button))

    async def _form_after(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something that opens a form.

        The page may lose an action, and does not send a choice twice: where no form comes it is loaded again first, as
        a person would.
        """
        for again in (True, False):
            await expect(self.send).to_be_enabled()
            await act()
            try:
                await self.form.wait_for(timeout=STEP_S * 500)
                return
            except PlaywrightTimeoutError:
                if not again:
                    raise
                await self.open(self.page.url)

    async def portraits_after(self, act: Callable[[], Awaitable[object]]) -> list[int]:
        """Do something that orders portraits; returns their numbers once they are there, noting the steps seen."""
        known = await self.portraits()
        self.steps = []
        await act()
        async with asyncio.timeout(PORTRAIT_S):
            while not (new := await self.portraits() - known):
                self._note_steps(await self.latest.inner_text())
                await asyncio.sleep(0.1)
        return sorted(new)

    def _note_steps(self, text: str) -> None:
        self.steps += [step for step in _STEP.findall(text) if step not in self.steps]

    async def portraits(self) -> set[int]:
        """The numbers of the portraits in the channel."""
        footers = await self.page.locator(".embed-footer").all_inner_texts()
        return {int(found[1]) for text in footers if (found := _NUMBER.search(text))}

    def message(self, number: int) -> Locator:
        """The message that shows a finished portrait."""
        footer = self.page.locator(".embed-footer", has_text=re.compile(rf"No\. {number}\b"))
        return self.messages.filter(has=footer)

    async def press(self, number: int, button: str) -> None:
        """Press a button under a portrait, once the page takes presses."""
        await expect(self.send).to_be_enabled()
        await self.message(number).get_by_role("button", name=button).click()

    async def recipe(self, number: int) -> dict[str, str]:
        """The fields of a portrait's card, by their names."""
        fields = self.message(number).locator(".embed-field")
        names = await fields.locator(".embed-field-name").all_inner_texts()
        values = await fields.locator(".embed-field-value").all_inner_texts()
        return {name.strip(): value.strip() for name, value in zip(names, values, strict=True)}

    async def picture_loaded(self, number: int) -> tuple[int, int]:
        """(width, height) in pixels of a portrait's picture once the browser has it."""
        image = self.message(number).locator("img").first
        await expect(image).not_to_have_js_property("naturalWidth", 0)
        width, height = await image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
        return width, height

    @property
    def form(self) -> Locator:
        return self.page.get_by_role("dialog")

    async def fill_form(self, value: str) -> None:
        """Put text into the open form and send it."""
        await self.form.get_by_role("textbox").fill(value)
        await self.form.get_by_role("button", name="Submit").click()
        await expect(self.form).to_be_hidden()
