"""Makes hostile requests: valid ones of every dialect, spoilt in one or a few ways; seeded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlencode

from e2e.buyer import Buyer
from e2e.hostile_http import SOCX, Sent
from gerbang.dialects.isikuota.wire import canonical_body, sign

NASTY_TEXTS: Final = (
    "", " ", "\x00", "a\x00b", "|", "a|b", "TSEL21|08123", "😀", "é", "\u2028", "\ufeff", "\x7f",
    "\x1b[31m", "A" * 70, "9" * 300, "A" * 9_000, "1e999", "-1", "0", "-0", "+1", "1.0", "٣", "²",
    "\uff11\uff12\uff13", "%00", "%", "%zz", "../../etc/passwd", "' OR 1=1 --", '"', "\\",
    "<b>&amp;</b>", "]]>", "{kode}", "{{7*7}}", "%s%n", "\r\nX-A: b", "\n", "\t", "1.1.1.1", "#",
    "#0", "0812#", "1.", ".1", "0812#99999999999999999", "99.081234561230", "081234561230#1000",
    "true", "null", "NaN",
)  # fmt: skip
NASTY_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 1.5, -0.0, 1e308, 2**31, 2**63, -(2**63) - 1, 10**400, [], {},
    [[]], [None], {"a": 1}, {"0": 1}, {"": {}}, [1, [2, [3, [4]]]], {"a": {"b": {"c": [1.0]}}},
)  # fmt: skip
NASTY_RAW: Final = (
    b"", b"null", b"[]", b"{}", b"{", b"\xef\xbb\xbf{}", b"\xff\xfe", b"\x00", b"[" * 60_000,
    b'{"a":' * 10_000, b'{"a":' * 9_000 + b"1" + b"}" * 9_000, b'{"cmd":"\\ud800"}',
    b'{"cmd":"prepaid","cmd":"game"}', b'{"request_id":"1","request_id":"2"}', b'{"a":NaN}',
    b'{"a":1e999}', b'{"a":' + b"9" * 5_000 + b"}", b"--", b"<", b"<?xml", b"=&=&=", b"%ff=%00",
    b"&" * 5_000, b"a=" + b"b" * 60_000,
)  # fmt: skip
EXTERNAL: Final = (
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><methodCall><methodName>topUpRequest'
    b"</methodName><params><param><value><struct><member><name>NOHP</name><value>&x;</value>"
    b"</member></struct></value></param></params></methodCall>"
)
BOMBS: Final = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><methodCall><methodName>&j;</methodName></methodCall>",
    EXTERNAL,
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><methodCall/>',
    b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><methodCall/>',
    b"<methodCall>" * 5_000,
    b"<methodCall><params><param><value>" + b"<array><data><value>" * 2_000,
    b"<a " + b"b='c' " * 9_000 + b"/>",
    b'<?xml version="1.0" encoding="UTF-16"?><methodCall/>',
    b'<?xml version="1.0" encoding="nonsense"?><methodCall/>',
    b"<methodCall><methodName>topUpRequest</methodName><params><param><value><int>"
    + b"9" * 20_000
    + b"</int></value></param></params></methodCall>",
)
CONTENT_TYPES: Final = (
    b"", b"application/json", b"text/xml", b"\xff", b"multipart/form-data",
    b"multipart/form-data; boundary=x", b"text/plain; charset=utf-16",
)  # fmt: skip
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
JSON_TYPE: Final = ("Content-Type", b"application/json")
FORM_TYPE: Final = ("Content-Type", b"application/x-www-form-urlencoded")


class Hostile:
    """Makes requests from a seed; `buyer` lends the credentials that open the inner doors."""

    def __init__(self, buyer: Buyer, random: Random) -> None:
        self._buyer = buyer
        self._random = random
        self._makers: tuple[Callable[[], Sent], ...] = (
            self.isikuota, self.isikuota, self.socx_json, self.socx_status, self.socx_query,
            self.socx_form, self.socx_multipart, self.socx_xml, self.otomax, self.otomax,
            self.otomax_balance, self.callback, self.garbage,
        )  # fmt: skip

    def any(self) -> Sent:
        """Make one request to any endpoint."""
        return self._makers[self._random.randrange(len(self._makers))]()

    # --- one endpoint each ----------------------------------------------------------------------

    def isikuota(self) -> Sent:
        """Spoil members of an order or a balance question, and sign what came of it."""
        path = self._choice(("/v1/order", "/v1/order", "/v1/order", "/v1/balance"))
        members = self._spoil(
            {
                "cmd": self._choice(("prepaid", "game", "status", "products", "inquiry")),
                "code": self._choice(("TSEL21", "HSA5", "BBSDN", "X10")),
                "customer_no": "081234561230",
                "ref_id": f"H{self._random.randrange(200)}",
                "testing": self._choice((True, False, None)),
            },
            values=True,
        )
        timestamp = self._buyer.signed({})["timestamp"]
        secrets = {"api_key": self._buyer.api_key, "secret_key": self._buyer.secret_key}
        try:
            canonical = canonical_body(members)
        except Exception:  # noqa: BLE001 (what PHP could not write, nobody can sign)
            canonical = b""
        apart: dict[str, Any] = {
            "api_id": self._buyer.api_id,
            "timestamp": timestamp,
            "signature": sign(canonical, api_id=self._buyer.api_id, timestamp=timestamp, **secrets),
        }
        if self._random.random() < 0.2:
            apart = self._spoil(apart, values=True)
        body = json.dumps({**members, **apart}, ensure_ascii=False).encode("utf-8", "replace")
        return Sent("POST", path, (JSON_TYPE,), self._damage(body))

    def socx_json(self) -> Sent:
        """Spoil ``purchase``."""
        members = self._spoil({**self._socx_members(), "testing": False}, values=True)
        body = json.dumps(members).encode()
        return Sent(
            "POST", f"{SOCX}/purchase{self._query()}", self._bearer(JSON_TYPE), self._damage(body)
        )

    def socx_status(self) -> Sent:
        """Spoil ``status``, or ask for the balance oddly."""
        if self._random.random() < 0.2:
            return Sent("GET", f"{SOCX}/saldo{self._query()}", self._bearer(), self._damage(b""))
        members = self._spoil({"request_id": "H1"}, values=True)
        body = json.dumps(members).encode()
        return Sent("POST", f"{SOCX}/status", self._bearer(JSON_TYPE), self._damage(body))

    def socx_query(self) -> Sent:
        """Spoil ``GET http/purchase``."""
        members = self._spoil({**self._socx_members(), "token": self._buyer.token})
        return Sent("GET", f"{SOCX}/http/purchase?{self._encode(members)}")

    def socx_form(self) -> Sent:
        """Spoil ``POST http/purchase`` as an ordinary form."""
        members = self._spoil({**self._socx_members(), "token": self._buyer.token})
        body = self._damage(self._encode(members).encode())
        return Sent("POST", f"{SOCX}/http/purchase", (FORM_TYPE,), body)

    def socx_multipart(self) -> Sent:
        """Spoil ``POST http/purchase`` as curl's ``--form`` sends it."""
        members = self._spoil({**self._socx_members(), "token": self._buyer.token})
        return self._multipart(f"{SOCX}/http/purchase", members)

    def socx_xml(self) -> Sent:
        """Send a bomb, or spoil ``xml/purchase``."""
        headers = self._bearer(("Content-Type", b"text/xml"))
        path = f"{SOCX}/xml/purchase{self._query()}"
        if self._random.random() < 0.2:
            return Sent("POST", path, headers, self._choice(BOMBS))
        members = self._spoil({"NOHP": "081234561230", "REQUESTID": "H7", "PIN": "", "NOM": "HSA5"})
        inside = "".join(
            f"<member><name>{name}</name><value><{kind}>{value}</{kind}></value></member>"
            for name, value in members.items()
            for kind in [self._choice(("string", "string", "int", "boolean", "double", "base64"))]
        )
        text = (
            '<?xml version="1.0"?><methodCall><methodName>topUpRequest</methodName><params><param>'
            f"<value><struct>{inside}</struct></value></param></params></methodCall>"
        )
        return Sent("POST", path, headers, self._damage(text.encode("utf-8", "replace")))

    def otomax(self) -> Sent:
        """Spoil an order or a check, and sign what came of it."""
        members = self._spoil(
            {
                "product": self._choice(("X10", "HSA5", "BBSDN")),
                "qty": "1",
                "dest": "081234561230",
                "refID": f"H{self._random.randrange(200)}",
            }
        )
        members["memberID"] = self._buyer.member
        if self._random.random() < 0.5:
            members["sign"] = self._buyer.sign(
                product=members.get("product", "").strip(),
                dest=members.get("dest", "").strip(),
                reference=members.get("refID", "").strip(),
            )
        else:
            members |= {"pin": self._buyer.pin, "password": self._buyer.password}
        for name in ("check", "counter", "testing", "harga_max", "cmd"):
            if self._random.random() < 0.1:
                members[name] = self._choice(("1", "0", *NASTY_TEXTS))
        if self._random.random() < 0.1:
            members = self._spoil(members)
        path = self._choice(("/trx", "/trx", "/trx/", "/trx/some-slug", "/trx/status"))
        return self._get_or_post(path, members)

    def otomax_balance(self) -> Sent:
        """Spoil a balance question."""
        members = {"memberID": self._buyer.member, "pin": self._buyer.pin}
        members = self._spoil({**members, "password": self._buyer.password, "sign": "x"})
        return self._get_or_post(self._choice(("/balance", "/trx/balance")), members)

    def callback(self) -> Sent:
        """Report nonsense as one of the suppliers."""
        supplier = self._choice(("demo-socx", "demo-isikuota", "demo-otomax", "nobody"))
        path = f"/callbacks/{supplier}"
        flat = self._spoil(
            {"t": "1", "refid": "H1", "status": "20", "price": "1", "message": "R#H1 SUKSES"}
        )
        if self._random.random() < 0.4:
            return self._get_or_post(path, flat)
        members: Any = self._spoil(
            {**self._socx_members(), "rc": "00", "trxid": 1, "price": 1, "balance": 1, "sn": "1",
             "message": "SUKSES"},
            values=True,
        )  # fmt: skip
        if self._random.random() < 0.5:
            members = {"event": self._choice(NASTY_TEXTS), "timestamp": "x", "data": members}
        headers = (JSON_TYPE, ("X-Signature", self._choice((b"", b"0" * 64, b"\xff\x00x"[:1]))))
        return Sent("POST", path, headers, self._damage(json.dumps(members).encode()))

    def garbage(self) -> Sent:
        """Send anything to any endpoint, with any method."""
        path = self._choice(
            ("/v1/balance", "/v1/order", f"{SOCX}/saldo", f"{SOCX}/purchase",
             f"{SOCX}/http/purchase", f"{SOCX}/xml/purchase", f"{SOCX}/status", f"{SOCX}/nothing",
             "/trx", "/trx/balance", "/balance", "/callbacks/demo-socx", "/callbacks/demo-isikuota",
             "/callbacks/demo-otomax")
        )  # fmt: skip
        kind = self._choice(CONTENT_TYPES)
        body = self._choice((*NASTY_RAW, *BOMBS, self._random.randbytes(200)))
        headers = self._bearer(("Content-Type", kind))
        return Sent(
            self._choice(METHODS), path + self._query(), headers, body, self._random.random() < 0.2
        )

    # --- ways to spoil --------------------------------------------------------------------------

    def _choice(self, options: Any) -> Any:
        return options[self._random.randrange(len(options))]

    def _socx_members(self) -> dict[str, Any]:
        return {
            "code": self._choice(("HSA5", "X10", "BBSDN")),
            "msisdn": "081234561230",
            "request_id": f"H{self._random.randrange(200)}",
        }

    def _spoil(self, members: Mapping[str, Any], *, values: bool = False) -> dict[str, Any]:
        """Leave out, replace or add one to three members."""
        spoilt = dict(members)
        for _ in range(self._random.randrange(1, 4)):
            name = self._choice(tuple(members))
            match self._random.randrange(6):
                case 0:
                    spoilt.pop(name, None)
                case 1:
                    spoilt[self._choice(("zz", "Code", "__proto__", "a|b", "0"))] = "1"
                case 2 if values:
                    spoilt[name] = self._choice(NASTY_VALUES)
                case _:
                    spoilt[name] = self._choice(NASTY_TEXTS)
        return spoilt

    def _damage(self, body: bytes) -> bytes:
        """Cut, flip, insert or double something in one body of four; sometimes replace it."""
        if self._random.random() < 0.75:
            return body
        at = self._random.randrange(len(body) + 1)
        ways: tuple[bytes, ...] = (
            body[:at],
            body[:at] + bytes([self._random.randrange(256)]) + body[at + 1 :],
            body[:at] + self._choice((b"\x00", b"\xff", b"\xed\xa0\x80")) + body[at:],
            body + body,
            self._choice(NASTY_RAW),
            body + b" " * 70_000,
            b'{"cmd":"prepaid","request_id":"H1","testing":"1",' + body[1:],
        )
        return ways[self._random.randrange(len(ways))]

    def _query(self) -> str:
        if self._random.random() < 0.8:
            return ""
        name = self._choice(("testing", "token", "zz"))
        return f"?{name}={quote(self._choice(NASTY_TEXTS[:-6]), safe='')[:3000]}"

    def _bearer(self, *more: tuple[str, bytes]) -> tuple[tuple[str, bytes], ...]:
        token = f"Bearer {self._buyer.token}".encode()
        if self._random.random() < 0.1:
            token = self._choice((b"", b"Bearer", b"Bearer \xff", b"Basic eDp5", b"B" * 5_000))
        return (("Authorization", token), *more)

    def _encode(self, members: Mapping[str, Any]) -> str:
        """Encode as a form; now and then a name comes twice, or an escape is broken."""
        text = urlencode({k: str(v)[:4_000] for k, v in members.items()}, errors="replace")
        match self._random.randrange(20):
            case 0:
                return f"{text}&{text.partition('&')[0]}9"
            case 1:
                return f"{text}&code=%ff%fe&dest=%00"
            case 2:
                return text + "&x" * 100
            case _:
                return text

    def _get_or_post(self, path: str, members: Mapping[str, Any]) -> Sent:
        match self._random.randrange(4):
            case 0 | 1:
                return Sent("GET", f"{path}?{self._encode(members)}")
            case 2:
                body = self._damage(self._encode(members).encode())
                return Sent("POST", path, (FORM_TYPE,), body)
            case _:
                return self._multipart(path, members)

    def _multipart(self, path: str, members: Mapping[str, Any]) -> Sent:
        edge = self._choice((b"----x", b"x", b"x" * 70))
        parts = b"".join(
            b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (edge, name.encode(), str(value).encode("utf-8", "replace"))
            for name, value in members.items()
        )
        kind = b"multipart/form-data; boundary=" + self._choice((edge, edge, edge, b"other", b""))
        body = self._damage(parts + b"--" + edge + b"--\r\n")
        return Sent("POST", path, (("Content-Type", kind),), body)
