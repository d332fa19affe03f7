"""Which column of a user's file plays which part: by its name in several languages, and by what it holds."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from hvc_ml.tables.sniff import Facts

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "customer": (
        "customer", "client", "kunde", "kunden", "member", "household", "user", "buyer", "account", "shopper",
        "subscriber", "cliente", "cust", "patron", "klant", "consumer", "visitor",
    ),
    "order": (
        "order", "invoice", "basket", "transaction", "receipt", "bestellung", "bestell", "rechnung", "bon",
        "pedido", "factura", "commande", "facture", "beleg", "auftrag", "ticket", "trans",
    ),
    "date": (
        "date", "datum", "time", "timestamp", "day", "tag", "fecha", "created", "ordered", "purchased", "when",
        "at", "zeit", "happened", "purchase",
    ),
    "amount": (
        "amount", "total", "value", "revenue", "sales", "spend", "spent", "betrag", "umsatz", "importe", "montant",
        "dollar", "dollars", "net", "gross", "summe", "paid", "subtotal", "turnover", "gesamt", "monto", "eur",
        "usd",
    ),
    "quantity": (
        "quantity", "qty", "menge", "anzahl", "units", "cantidad", "quantite", "pieces", "stuck", "number_of",
    ),
    "price": (
        "unitprice", "price", "preis", "precio", "prix", "einzelpreis", "stuckpreis", "rate",
    ),
    "product": (
        "product", "sku", "item", "article", "artikel", "stock", "asin", "ean", "producto", "produit", "produkt",
    ),
    "category": (
        "category", "department", "kategorie", "categoria", "categorie", "dept", "warengruppe",
    ),
    "channel": (
        "channel", "kanal", "canal", "medium",
    ),
    "discount": (
        "discount", "rabatt", "disc", "descuento", "remise", "nachlass",
    ),
    "cost": (
        "cost", "cogs", "einstandspreis",
    ),
    "currency": (
        "currency", "ccy", "waehrung", "wahrung", "moneda", "devise", "valuta",
    ),
    "kind": (
        "kind", "type", "event", "action", "name", "typ", "ereignis", "category", "activity",
    ),
    "value": (
        "value", "duration", "score", "rating", "amount", "number", "count",
    ),
    "id": (
        "id", "no", "nr", "number", "nummer", "code", "key", "num", "ref",
    ),
    "personal": (
        "name", "email", "mail", "phone", "address", "street", "birth", "birthday", "birthdate", "firstname",
        "lastname", "surname", "dob", "iban", "passport", "ssn", "telefon", "adresse", "vorname", "nachname",
    ),
    "other_time": (
        "birth", "updated", "modified", "delivery", "delivered", "ship", "shipped", "due", "signup", "expiry",
    ),
}  # fmt: skip


def tokens(name: str) -> tuple[str, ...]:
    """Split a name into plain lower-case words.

    Examples
    --------
    >>> tokens("CustomerID"), tokens("Kundennummer"), tokens("Größe (m²)")
    (('customer', 'id'), ('kundennummer',), ('grosse', 'm2'))
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", apart).encode("ascii", "ignore").decode().lower()
    return tuple(re.findall(r"[a-z0-9]+", plain))


def named(facts: Facts, role: str) -> int:
    """How strongly a column's name speaks for a role: 3 a whole word, 2 a part of a word, 0 not at all."""
    words = tokens(facts.name)
    joined = "_".join(words)
    if any(w in words or ("_" in w and joined.startswith(w)) or joined.replace("_", "") == w for w in WORDS[role]):
        return 3
    return 2 if any(len(w) > 3 and w in joined.replace("_", "") for w in WORDS[role]) else 0


def best(columns: Sequence[Facts], score: Callable[[Facts], float]) -> Facts | None:
    """Pick the column with the highest positive score; of equals the first."""
    ranked = sorted(((score(c), -i, c) for i, c in enumerate(columns)), key=lambda t: t[:2], reverse=True)
    return ranked[0][2] if ranked and ranked[0][0] > 0 else None


def is_amount_like(facts: Facts) -> bool:
    """Whether a column holds numbers."""
    return facts.form in {"number", "comma number"}


def customer_score(facts: Facts) -> float:
    """How much a column looks like the id of a customer."""
    fraction = is_amount_like(facts) and facts.whole < 1
    if facts.form in {"date", "empty"} and not named(facts, "customer"):
        return 0
    if facts.form == "empty" or fraction or facts.values < 2 or not named(facts, "customer"):
        return 0
    return (
        named(facts, "customer") + 2 * bool(named(facts, "id")) - 3 * (named(facts, "personal") == 3) + facts.distinct
    )


def order_score(facts: Facts) -> float:
    """How much a column looks like the id of an order."""
    fraction = is_amount_like(facts) and facts.whole < 1
    if facts.form in {"date", "empty"} or fraction or not named(facts, "order"):
        return 0
    if named(facts, "amount") == 3 or named(facts, "date") == 3:
        return 0
    return named(facts, "order") + 2 * (named(facts, "id") == 3) + facts.distinct - 2 * (facts.distinct < 0.001)


def time_score(facts: Facts) -> float:
    """How much a column looks like the moment of an order or event."""
    if facts.form != "date":
        return 0
    return 1 + named(facts, "date") + named(facts, "order") / 2 - 3 * (named(facts, "other_time") == 3)


def amount_score(facts: Facts) -> float:
    """How much a column looks like money paid."""
    if (
        not is_amount_like(facts)
        or named(facts, "id") == 3
        or named(facts, "discount")
        or named(facts, "quantity") == 3
    ):
        return 0
    return named(facts, "amount") + (facts.whole < 1) if named(facts, "amount") else 0
