"""The named reply profiles and what a reseller's settings make of them; pure.

Clients parse these texts with patterns of their own, so a profile changes only with a new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.dialects.otomax.templates import (
    Event,
    Template,
    TemplateError,
    compile_template,
)

PROFILE_DEFAULT: Final = "text-oke"
SN_LABEL_CHARS_MAX: Final = 20


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One family of replies. `label_sn_known` is the label where an order is told again."""

    name: str
    templates: Mapping[Event, str]
    label_sn: str = "SN/Ref"
    label_sn_known: str = "SN"
    grouping: str = "."
    as_json: bool = False


_BASE: Final[Mapping[Event, str]] = {
    # §5.3: the forms that public clients' patterns read.
    Event.ACCEPTED: (
        "<T#{trxid} >R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} akan diproses."
        "< Saldo {saldo_awal} - {harga} = {saldo}> @{waktu:HH:mm}"
    ),
    Event.ACCEPTED_OPEN: (
        "<T#{trxid} >R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} , QTY : {qty} akan diproses."
        "< Saldo {saldo_awal} - {harga} = {saldo}> @{waktu:HH:mm}"
    ),
    Event.SUCCESS: (
        "T#{trxid} R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} SUKSES. {label_sn}: {sn}."
        "< Saldo {saldo_awal} - {harga} = {saldo}> @{waktu:dd/MM HH:mm}"
    ),
    Event.FAILED: (
        "T#{trxid} R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} GAGAL. {keterangan}."
        "< Saldo {saldo}> @{waktu:HH:mm}"
    ),
    Event.REVERSED: (
        "T#{trxid} R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} GAGAL. Transaksi dibatalkan, "
        "saldo dikembalikan (refund {harga}).< Saldo {saldo}> @{waktu:HH:mm}"
    ),
    Event.KNOWN_PENDING: (
        "Mhn tunggu trx sblmnya selesai: T#{trxid} R#{refid} {kode}.<{counter}.>{tujuan} "
        "@{waktu:HH:mm}, status Menunggu Jawaban."
    ),
    Event.KNOWN_SUCCESS: (
        "R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} sudah pernah jam {waktu:HH:mm}, "
        "status Sukses. {label_sn}: {sn}. Hrg {harga}"
    ),
    Event.KNOWN_FAILED: (
        "R#{refid} <{nama} >{kode}.<{counter}.>{tujuan} sudah pernah jam {waktu:HH:mm}, "
        "status Gagal. {keterangan}. Hrg {harga}"
    ),
    Event.NOT_FOUND: (
        "TIDAK ADA transaksi< Tujuan {tujuan}> pada tgl {waktu:dd/MM/yyyy}. Tidak ada data."
    ),
    # Without the product's name: one public client's pattern needs it so (§5.3).
    Event.REFUSED: (
        "R#{refid} {kode}.<{counter}.>{tujuan} GAGAL. {keterangan}.< Saldo {saldo}> @{waktu:HH:mm}"
    ),
    Event.BUSY: "<R#{refid} ><{kode}.{tujuan} >{keterangan}.",
    # No word of the earlier order's outcome: patterns would take it for this one's.
    Event.DUPLICATE: (
        "R#{refid} {kode}.<{counter}.>{tujuan} GAGAL. Tidak diproses, dobel dengan T#{trxid_lama} "
        "R#{refid_lama} @{waktu_lama:HH:mm}. Trx ke-{ke_berikut}/hr: counter={ke_berikut} atau "
        "{kode}.{ke_berikut}.{tujuan}.< Saldo {saldo}> @{waktu:HH:mm}"
    ),
    Event.BALANCE: "Saldo {saldo}",
}

_PLUS: Final[Mapping[Event, str]] = {
    Event.ACCEPTED: (
        "status=1&message=Transaksi {kode}.<{counter}.>{tujuan} Harga={harga} akan diproses.."
    ),
    Event.ACCEPTED_OPEN: (
        "status=1&message=Transaksi {kode}.<{counter}.>{tujuan} Qty={qty} Harga={harga} "
        "akan diproses.."
    ),
    Event.SUCCESS: (
        "{kode}.<{counter}.>{tujuan} SUKSES. {label_sn}: {sn}."
        "< Saldo {saldo_awal} - {harga} = {saldo}>"
    ),
    Event.FAILED: (
        "{kode}.<{counter}.>{tujuan} GAGAL. {keterangan}.< Saldo {saldo}.> @{waktu:HH.mm.ss}"
    ),
    Event.REVERSED: (
        "{kode}.<{counter}.>{tujuan} pd {waktu:HH.mm.ss} gagal, dibatalkan. Saldo refund {harga}."
        "< Sal {saldo}>"
    ),
    Event.KNOWN_PENDING: (
        "Transaksi.{kode}.<{counter}.>{tujuan} masih dalam proses. Mohon ditunggu!!"
    ),
    Event.KNOWN_SUCCESS: (
        "Trx {kode}.<{counter}.>{tujuan} sdh Terjadi Pada:{waktu:HH.mm.ss}, sts SUKSES "
        "{label_sn}: {sn}.< saldo={saldo}>"
    ),
    Event.KNOWN_FAILED: (
        "Trx {kode}.<{counter}.>{tujuan} sdh Terjadi Pada:{waktu:HH.mm.ss}, sts GAGAL "
        "{keterangan}.< saldo={saldo}>"
    ),
    Event.REFUSED: "{kode}.<{counter}.>{tujuan} GAGAL. {keterangan}.< Saldo {saldo}.>",
    Event.BALANCE: (
        "Info Akun\nNama\t: {nama_member}\nID Agen\t: {kode_member}\nSaldo\t: {saldo}\n"
        "Bonus\t: 0\nDebet\t: 0"
    ),
}

_DIGI: Final[Mapping[Event, str]] = {
    Event.ACCEPTED: (
        "<TrxID={trxid} >kode {kode} ke <{counter}.>{tujuan} sedang diproses @{waktu:HH:mm}."
        "< Saldo {saldo_awal} - {harga} = {saldo}>"
    ),
    Event.ACCEPTED_OPEN: (
        "<TrxID={trxid} >kode {kode} ke <{counter}.>{tujuan} qty {qty} sedang diproses "
        "@{waktu:HH:mm}.< Saldo {saldo_awal} - {harga} = {saldo}>"
    ),
    Event.SUCCESS: (
        "TrxID={trxid} kode {kode} ke <{counter}.>{tujuan} Sukses. {label_sn}:{sn}.< Saldo {saldo}>"
    ),
    Event.FAILED: (
        "TrxID={trxid} kode {kode} ke <{counter}.>{tujuan} GAGAL. {keterangan}.< Saldo {saldo}> "
        "@{waktu:HH:mm}"
    ),
    Event.REVERSED: (
        "TrxID={trxid} kode {kode} ke <{counter}.>{tujuan} GAGAL. Dibatalkan, refund {harga}."
        "< Saldo {saldo}> @{waktu:HH:mm}"
    ),
    Event.KNOWN_PENDING: (
        "TrxID={trxid} kode {kode} ke <{counter}.>{tujuan} sdh pernah jam {waktu:HH:mm}, "
        "status sedang diproses.< Saldo {saldo}>"
    ),
    Event.KNOWN_SUCCESS: (
        "TrxID={trxid} kode {kode} ke <{counter}.>{tujuan} sdh pernah jam {waktu:HH:mm}, "
        "status Sukses. {label_sn}:{sn}.< Saldo {saldo}>"
    ),
    Event.KNOWN_FAILED: (
        "TrxID={trxid} kode {kode} ke <{counter}.>{tujuan} sdh pernah jam {waktu:HH:mm}, "
        "status Gagal. {keterangan}.< Saldo {saldo}>"
    ),
    Event.REFUSED: (
        "kode {kode} ke <{counter}.>{tujuan} GAGAL. {keterangan}.< Saldo {saldo}> @{waktu:HH:mm}"
    ),
}

_SEED: Final[Mapping[Event, str]] = {
    # The two sample lines of the guide this dialect comes from; the reason stands where the
    # guide's own sample has nothing.
    Event.SUCCESS: (
        "TRANSAKSI LANCAR T#{trxid} R#{refid} {kode}.<{counter}.>{tujuan} SUKSES. {label_sn}:{sn} ."
        "< Stok Terpotong {harga} .Stok {saldo}> @{waktu:dd/MM/yy HH:mm:ss}"
    ),
    Event.FAILED: (
        "R#{refid} {kode}.{ke}.{tujuan} TRANSAKSI GAGAL. {keterangan}.< Stok {saldo}> "
        "@{waktu:HH:mm:ss}."
    ),
    Event.REVERSED: (
        "R#{refid} {kode}.{ke}.{tujuan} TRANSAKSI GAGAL. Dibatalkan, refund {harga}."
        "< Stok {saldo}> @{waktu:HH:mm:ss}."
    ),
    Event.REFUSED: (
        "R#{refid} {kode}.<{counter}.>{tujuan} TRANSAKSI GAGAL. {keterangan}.< Stok {saldo}> "
        "@{waktu:HH:mm:ss}."
    ),
}

PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        Profile(name="text-oke", templates=_BASE),
        Profile(name="text-plus", templates={**_BASE, **_PLUS}),
        Profile(name="text-digi", templates={**_BASE, **_DIGI}, label_sn="SN", grouping=","),
        Profile(name="text-seed", templates={**_BASE, **_SEED}),
        # §10: same requests, JSON replies; its reports and messages use the first profile's texts.
        Profile(name="json-h2hid", templates=_BASE, as_json=True),
    )
}


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """How one reseller is spoken to."""

    profile: Profile
    overrides: Mapping[str, Any]
    label_sn: str

    def template(self, event: Event) -> Template:
        """Give the reseller's own template, or the profile's where he has none that works."""
        own = self.overrides.get(event)
        if isinstance(own, str):
            try:
                return compile_template(own)
            except TemplateError:
                pass  # it was refused when it was saved; a reply is owed all the same
        return compile_template(self.profile.templates[event])

    def label(self, event: Event) -> str:
        """Give the label of the serial number."""
        if self.label_sn:
            return self.label_sn
        known = event in (Event.KNOWN_PENDING, Event.KNOWN_SUCCESS, Event.KNOWN_FAILED)
        return self.profile.label_sn_known if known else self.profile.label_sn


def voice_of(settings: Mapping[str, Any]) -> Voice:
    """Read a reseller's settings; what is not usable falls back to the defaults."""
    name = settings.get("otomax.profile")
    profile = PROFILES.get(name) if isinstance(name, str) else None
    overrides = settings.get("otomax.templates")
    label = settings.get("otomax.sn_label")
    return Voice(
        profile=profile or PROFILES[PROFILE_DEFAULT],
        overrides=overrides if isinstance(overrides, Mapping) else {},
        label_sn=label if isinstance(label, str) and len(label) <= SN_LABEL_CHARS_MAX else "",
    )
