"""The requests and replies that are printed in the seed documents, read from the documents."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SEEDS: Final = Path(__file__).parents[1] / "samples" / "seeds"
SOCX_BASE: Final = "https://niskalaapi.socx.app/reseller/api/v1"
TOKEN_PRINTED: Final = "REPLACE-WITH-YOUR-JWT-TOKEN"


def read_seed(name: str) -> str:
    """Read a document as it was given to us."""
    return (SEEDS / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Curl:
    """One curl line: a request that a reader would paste into a terminal."""

    method: str
    url: str
    headers: dict[str, str]
    body: str
    form: dict[str, str]


def repair(command: str) -> str:
    """Mend the quotes that a word processor bent, and the one it lost after an address."""
    straight = command.replace("\u2018", "'").replace("\u2019", "'")
    return re.sub(r"('https://[^'\s]+)\s*\\\n", r"\1' \\\n", straight)


def parse_curl(command: str, *, base_url: str, token: str) -> Curl:
    """Read a curl line, with nothing changed but the host and the credential."""
    text = repair(command).replace(SOCX_BASE, base_url).replace(TOKEN_PRINTED, token)
    words = iter(shlex.split(text.replace("\\\n", "")))
    assert next(words) == "curl"
    method, url, body = "GET", "", ""
    headers, form = {}, {}
    for word in words:
        match word:
            case "--location" | "-g":
                pass
            case "--request":
                method = next(words)
            case "--header":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "--data-raw":
                body = next(words)
            case "--form":
                name, _, value = next(words).partition("=")
                form[name] = value.strip('"')
            case _:
                assert not url
                url = word
    return Curl(method=method, url=url, headers=headers, body=body, form=form)


def socx_section(heading: str) -> str:
    """Give a section of the SocX document: from its heading to the next one."""
    document = read_seed("socx.txt")
    start = document.index(f"\n{heading} \n")
    end = re.search(r"\n(?:API |Kode Response)", document[start + 1 :])
    return document[start : start + 1 + end.start()] if end else document[start:]


def socx_curl(heading: str, *, base_url: str, token: str) -> Curl:
    """Give the request of a section."""
    printed = socx_section(heading).partition("CURL Request\n")[2].partition("CURL Response")[0]
    return parse_curl(printed, base_url=base_url, token=token)


def socx_reply(heading: str) -> dict[str, Any]:
    """Give the reply of a section."""
    printed = socx_section(heading).partition("CURL Response\n")[2]
    reply: dict[str, Any] = json.JSONDecoder().raw_decode(printed)[0]
    return reply


def socx_xml(caption: str) -> str:
    """Give one of the XML samples: ``Topup Request``, ``Topup Response`` or the report."""
    printed = read_seed("socx.txt").partition(f"\n{caption}\n")[2]
    end = re.search(r"</method(?:Call|Response)>", printed)
    assert end
    return printed[: end.end()]


def isikuota_objects() -> list[dict[str, Any]]:
    """Give the JSON objects of the testing page: request, reply, production request."""
    text, found, at = read_seed("isikuota_testing.txt"), [], 0
    while (at := text.find("\n{", at)) >= 0:
        value, end = json.JSONDecoder().raw_decode(text[at + 1 :])
        found.append(value)
        at += end
    return found


def otomax_url() -> str:
    """Give the address of the OtomaX guide, with its placeholders in brackets."""
    (printed,) = re.findall(r"http://trx\.maxsi\.id\S+\n\S+", read_seed("otomax.txt"))
    return str(printed).replace("\n", "")


def otomax_reports() -> list[dict[str, str]]:
    """Give the parameters of the two reports, one that succeeded and one that failed."""
    printed = re.findall(r"report\?\n?(t=.*?@[\d/: ]+\.?)\n", read_seed("otomax.txt"), re.DOTALL)
    return [dict(_parameters(text.replace("\n", ""))) for text in printed]


def _parameters(text: str) -> list[tuple[str, str]]:
    # The samples are printed unencoded, so the message is whatever stands after its name.
    before, _, message = text.partition("&message=")
    pairs = [pair.partition("=") for pair in before.split("&")]
    return [*((name, value) for name, _, value in pairs), ("message", message)]
