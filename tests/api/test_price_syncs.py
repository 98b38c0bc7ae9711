from __future__ import annotations

from api.test_api import Api, api

__all__ = ["api"]


async def furnish(api: Api) -> None:
    product = {"code": "HSA5", "name": "Halo", "category": "pulsa", "base_price": 5_400}
    await api.call("POST", "/products", 201, json=product)
    supplier = {"code": "maju", "name": "M", "dialect": "socx", "base_url": "http://127.0.0.1:1"}
    settings = {"catalog.columns": {"code": "Kode", "cost": "Harga"}}
    await api.call("POST", "/suppliers", 201, json={**supplier, "settings": settings})
    route = {"product": "HSA5", "supplier": "maju", "supplier_product_code": "M5", "cost": 5_000}
    await api.call("POST", "/routes", 201, json=route)


async def test_a_price_list_is_compared_and_applied_and_routing_knows_at_once(api: Api) -> None:
    await furnish(api)
    path = "/suppliers/maju/price-sync"
    csv = "Kode;Harga\nM5;5.100\nX1;9.000\n"
    dry = await api.call("POST", path, content=csv)
    assert (dry["counts"]["cost_changed"], dry["counts"]["new"], dry["applied"]) == (1, 1, False)
    await api.call("POST", f"{path}?apply=true", content=csv)
    (route,) = (await api.call("GET", "/routes"))["items"]
    assert route["cost"] == 5_100
    (known,) = api.node.snapshot.routes_of(next(iter(api.node.snapshot.routes)))
    assert known.cost == 5_100
    jump = await api.call("POST", f"{path}?apply=true&accept=M5", content="Kode,Harga\nM5,900\n")
    assert (jump["quarantined"], jump["differences"][0]["after"]) == (0, 900)
    await api.call("POST", path, 422, content="a,b\n1,2\n")
    await api.call("POST", path, 409)
    await api.call("POST", "/suppliers/none/price-sync", 404, content=csv)
