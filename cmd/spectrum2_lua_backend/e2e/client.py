"""An XMPP client for tests.

It reads commands as JSON lines from standard input and writes each stanza of the
server as an event, a JSON line, to standard output. The result of a command with
an "id" is an event "result" with the id as its "ref".
"""

import asyncio
import base64
import hashlib
import json
import logging
import sys
import types
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.xmlstream import tostring

try:
    import aiohttp  # noqa: F401
except ImportError:  # the plugin xep_0363 imports it; the tests themselves do what needs HTTP
    sys.modules["aiohttp"] = types.ModuleType("aiohttp")
    sys.modules["aiohttp"].ClientSession = None

CLIENT = "jabber:client"
NS = {
    "chatstates": "http://jabber.org/protocol/chatstates",
    "delay": "urn:xmpp:delay",
    "info": "http://jabber.org/protocol/disco#info",
    "items": "http://jabber.org/protocol/disco#items",
    "muc": "http://jabber.org/protocol/muc",
    "muc_user": "http://jabber.org/protocol/muc#user",
    "nick": "http://jabber.org/protocol/nick",
    "pubsub": "http://jabber.org/protocol/pubsub",
    "receipts": "urn:xmpp:receipts",
    "register": "jabber:iq:register",
    "roster": "jabber:iq:roster",
    "stanzas": "urn:ietf:params:xml:ns:xmpp-stanzas",
    "update": "vcard-temp:x:update",
    "vcard": "vcard-temp",
    "xhtml": "http://jabber.org/protocol/xhtml-im",
    "xhtml_body": "http://www.w3.org/1999/xhtml",
    "attention": "urn:xmpp:attention:0",
    "carbons": "urn:xmpp:carbons:2",
    "data": "jabber:x:data",
}


def emit(event, **fields):
    fields["event"] = event
    print(json.dumps({k: v for k, v in fields.items() if v not in (None, "", [], {})}), flush=True)


def tag(ns, name):
    return "{%s}%s" % (NS.get(ns, ns), name)


def local(element):
    return element.tag.rpartition("}")[2]


def text(element, name):
    return element.findtext(tag(CLIENT, name))


def element(name, attrs=None, *children, value=None):
    made = ET.Element(name, {k: str(v) for k, v in (attrs or {}).items() if v})
    made.text = value
    made.extend(children)
    return made


# Readers return the fields of a stanza that tests need.

def read_error(stanza):
    error = stanza.find(tag(CLIENT, "error"))
    if error is None:
        return None
    out = {"type": error.get("type")}
    for child in error:
        if local(child) == "text":
            out["text"] = child.text
        elif child.tag.startswith("{%s}" % NS["stanzas"]):
            out["condition"] = local(child)
    return out


def read_muc(stanza):
    x = stanza.find(tag("muc_user", "x"))
    if x is None:
        return None
    out = {"codes": [int(s.get("code")) for s in x.iter(tag("muc_user", "status"))]}
    item = x.find(tag("muc_user", "item"))
    if item is not None:
        out.update(item.attrib)
        out["reason"] = item.findtext(tag("muc_user", "reason"))
    return out


def read_message(stanza):
    received = stanza.find(tag("receipts", "received"))
    delay = stanza.find(tag("delay", "delay"))
    html = stanza.find("%s/%s" % (tag("xhtml", "html"), tag("xhtml_body", "body")))
    state = [local(c) for c in stanza if c.tag.startswith("{%s}" % NS["chatstates"])]
    return {
        "body": text(stanza, "body"),
        "subject": text(stanza, "subject"),
        "has_subject": stanza.find(tag(CLIENT, "subject")) is not None,
        "thread": text(stanza, "thread"),
        "html": None if html is None else ET.tostring(html, "unicode"),
        "state": state[0] if state else None,
        "wants_receipt": stanza.find(tag("receipts", "request")) is not None,
        "received": None if received is None else received.get("id"),
        "stamp": None if delay is None else delay.get("stamp"),
        "attention": stanza.find(tag("attention", "attention")) is not None,
        "muc": read_muc(stanza),
    }


def read_presence(stanza):
    return {
        "show": text(stanza, "show"),
        "status": text(stanza, "status"),
        "nickname": stanza.findtext(tag("nick", "nick")),
        "photo": stanza.findtext("%s/%s" % (tag("update", "x"), tag("update", "photo"))),
        "muc": read_muc(stanza),
    }


def read_roster(query):
    return [{
        "jid": item.get("jid"), "name": item.get("name", ""), "ask": item.get("ask", ""),
        "subscription": item.get("subscription", ""),
        "groups": [g.text or "" for g in item.iter(tag("roster", "group"))],
    } for item in query]


def read_vcard(card):
    photo = base64.b64decode("".join((card.findtext(tag("vcard", "PHOTO") + "/" + tag("vcard", "BINVAL")) or "").split()))
    return {
        "fullname": card.findtext(tag("vcard", "FN")),
        "nickname": card.findtext(tag("vcard", "NICKNAME")),
        "photo_size": len(photo),
        "photo_sha1": hashlib.sha1(photo).hexdigest() if photo else None,
    }


# Plugins for messages about other messages, for files and for ids.
MODERN = ("xep_0308", "xep_0313", "xep_0333", "xep_0359", "xep_0424", "xep_0428", "xep_0444", "xep_0447", "xep_0461")


def read_modern(m):
    """Returns what the plugins find in a message: ids of other messages, and more."""
    part = {name: m.get_plugin(name, check=True) for name in ("replace", "reactions", "reply", "retract", "displayed", "stanza_id", "sfs")}
    out = {name: part[name]["id"] for name in ("replace", "reactions", "reply", "retract", "displayed", "stanza_id") if part[name] is not None}
    if part["reactions"] is not None:
        out["emoji"] = sorted(part["reactions"]["values"])
    if part["reply"] is not None:
        out["reply_to"] = part["reply"]["to"]
        out["quoted"] = part["reply"].get_fallback_body()
        out["answer"] = part["reply"].strip_fallback_content()
    if part["sfs"] is not None:
        file = part["sfs"]["file"]
        out["file"] = {"name": file["name"], "type": file["media-type"], "size": int(file["size"] or 0)}
    return out


# Readers of the payloads of IQs, by the name of the payload.
IQ_READERS = {
    tag("roster", "query"): lambda q: {"roster": read_roster(q)},
    tag("vcard", "vCard"): lambda q: {"vcard": read_vcard(q)},
    tag("info", "query"): lambda q: {
        "identities": [dict(i.attrib) for i in q.iter(tag("info", "identity"))],
        "features": [f.get("var") for f in q.iter(tag("info", "feature"))],
    },
    tag("items", "query"): lambda q: {"items": [dict(i.attrib) for i in q.iter(tag("items", "item"))]},
    tag("register", "query"): lambda q: {
        "registered": q.find(tag("register", "registered")) is not None,
        "fields": {local(f): f.text or "" for f in q},
        "form": [f.get("var") for f in q.iter(tag("data", "field")) if f.get("var")],
    },
}


def read_iq(stanza):
    for payload in stanza:
        if payload.tag in IQ_READERS:
            return IQ_READERS[payload.tag](payload)
    return {}


READERS = {"message": read_message, "presence": read_presence, "iq": read_iq}


class Driver(slixmpp.ClientXMPP):
    def __init__(self, command):
        super().__init__(command["jid"], command["password"])
        self.auto_authorize = None
        self.auto_subscribe = False
        self.enable_direct_tls = False
        # With the certificate of the server, the connection is encrypted.
        self.ca_certs = command.get("certificate")
        self.enable_starttls = self.ca_certs is not None
        self.enable_plaintext = True
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        # Spectrum queries disco and caps before it logs a user in.
        for plugin in ("xep_0030", "xep_0115", "xep_0199", "xep_0363", *MODERN):
            self.register_plugin(plugin)
        self.add_filter("in", self.seen)
        self.add_event_handler("session_start", lambda _: emit("connected", jid=self.boundjid.full))
        self.add_event_handler("failed_auth", lambda _: emit("auth_failed"))
        self.add_event_handler("connection_failed", lambda e: emit("connection_failed", reason=str(e)))
        self.add_event_handler("disconnected", lambda e: emit("disconnected", reason=str(e or "")))
        self.add_event_handler("stream_error", lambda e: emit(
            "stream_error", condition=e["condition"], text=e["text"]))

    def seen(self, stanza):
        kind = local(stanza.xml)
        if kind in READERS:
            fields = {k: stanza.xml.get(k) for k in ("from", "to", "type", "id")}
            fields["error"] = read_error(stanza.xml)
            fields.update(READERS[kind](stanza.xml))
            if kind == "message":
                fields.update(read_modern(stanza))
            emit(kind, xml=tostring(stanza.xml, top_level=True)[:4000], **fields)
        return stanza

    async def iq(self, kind, to, payload, timeout=15):
        iq = self.make_iq()
        iq["type"] = kind
        if to:
            iq["to"] = to
        iq.xml.append(payload)
        answer = await iq.send(timeout=timeout)
        return read_iq(answer.xml)

    def post(self, stanza):
        self.send_xml(stanza)


def do_message(c, m):
    stanza = element(tag(CLIENT, "message"), {"to": m["to"], "type": m.get("type", "chat"), "id": m.get("stanza_id")})
    for name in ("body", "subject", "thread"):
        if name in m:
            stanza.append(element(tag(CLIENT, name), value=m[name]))
    if "html" in m:
        body = ET.fromstring('<body xmlns="%s">%s</body>' % (NS["xhtml_body"], m["html"]))
        stanza.append(element(tag("xhtml", "html"), None, body))
    if "state" in m:
        stanza.append(element(tag("chatstates", m["state"])))
    if m.get("request_receipt"):
        stanza.append(element(tag("receipts", "request")))
    c.post(stanza)


def do_presence(c, m):
    stanza = element(tag(CLIENT, "presence"), {"to": m.get("to"), "type": m.get("type")})
    for name in ("show", "status", "priority"):
        if name in m:
            stanza.append(element(tag(CLIENT, name), value=str(m[name])))
    if "to" not in m and "type" not in m:
        # slixmpp adds caps only to presences that it sends itself.
        c.send_presence(pshow=m.get("show"), pstatus=m.get("status"))
        return
    if m.get("caps"):
        made = c.make_presence(pto=m["to"], pshow=m.get("show"), pstatus=m.get("status"))
        made.send()
        return
    c.post(stanza)


def do_join(c, m):
    x = element(tag("muc", "x"))
    if "password" in m:
        x.append(element(tag("muc", "password"), value=m["password"]))
    c.post(element(tag(CLIENT, "presence"), {"to": m["room"] + "/" + m["nick"]}, x))


def fields_query(ns, fields, *children):
    made = [element(tag(ns, k), value=v) for k, v in fields.items()]
    return element(tag(ns, "query"), None, *made, *children)


async def do_register_form(c, m):
    return await c.iq("get", m["to"], element(tag("register", "query")))


async def do_register(c, m):
    return await c.iq("set", m["to"], fields_query("register", m["fields"]))


async def do_unregister(c, m):
    return await c.iq("set", m["to"], element(tag("register", "query"), None, element(tag("register", "remove"))))


async def do_roster(c, m):
    return await c.iq("get", None, element(tag("roster", "query")))


async def do_roster_set(c, m):
    item = element(tag("roster", "item"), {k: m.get(k) for k in ("jid", "name", "subscription")})
    item.extend(element(tag("roster", "group"), value=g) for g in m.get("groups", []))
    return await c.iq("set", None, element(tag("roster", "query"), None, item))


async def do_disco_info(c, m):
    return await c.iq("get", m["to"], element(tag("info", "query"), {"node": m.get("node")}))


async def do_disco_items(c, m):
    return await c.iq("get", m["to"], element(tag("items", "query"), {"node": m.get("node")}))


async def do_vcard(c, m):
    return await c.iq("get", m.get("to"), element(tag("vcard", "vCard")))


async def do_vcard_set(c, m):
    card = element(tag("vcard", "vCard"))
    if "fullname" in m:
        card.append(element(tag("vcard", "FN"), value=m["fullname"]))
    if "photo" in m:  # base64
        card.append(element(tag("vcard", "PHOTO"), None,
                            element(tag("vcard", "TYPE"), value="image/png"),
                            element(tag("vcard", "BINVAL"), value=m["photo"])))
    return await c.iq("set", None, card)


async def do_iq(c, m):
    return await c.iq(m["type"], m.get("to"), ET.fromstring(m["xml"]), m.get("timeout", 15))


def do_modern(c, m):
    """Sends a message that a plugin builds, by its kind."""
    made = c.make_message(mto=m["to"], mtype=m.get("type", "chat"), mbody=m.get("body"))
    made["id"] = m.get("stanza_id") or c.new_id()
    kind, about = m["kind"], m.get("about")
    if kind == "correct":
        made["replace"]["id"] = about
    elif kind == "react":
        c.plugin["xep_0444"].set_reactions(made, about, m["emoji"])
    elif kind == "reply":
        made["reply"]["to"], made["reply"]["id"] = m["author"], about
        made["reply"].add_quoted_fallback(m["quoted"])
    elif kind in ("retract", "displayed"):
        made[kind]["id"] = about
    elif kind == "file":
        made.append(c.plugin["xep_0447"].get_sfs(data=m["data"].encode(), uris=[m["url"]], media_type="text/plain", path=None))
        made["sfs"]["file"]["name"] = m["name"]
        made["body"] = m["url"]
    made.send()


async def do_slot(c, m):
    """Finds the upload service of a domain and requests a slot."""
    upload = c.plugin["xep_0363"]
    service = await upload.find_upload_service(domain=slixmpp.JID(m["domain"]))
    if service is None:
        return {}
    answer = await upload.request_slot(service["from"], m["name"], m["size"], m["type"])
    slot = answer["http_upload_slot"]
    return {"from": str(service["from"]), "put": slot["put"]["url"], "get": slot["get"]["url"]}


async def do_archive(c, m):
    """Reads an archive in pages of two messages, from its begin or its end."""
    plugin, to, chat = c.plugin["xep_0313"], slixmpp.JID(m["to"]), m.get("with")
    page = [r async for r in plugin.iterate(jid=to, with_jid=chat, reverse=m.get("reverse", False), rsm={"max": 2})]
    if m.get("reverse"):
        page.reverse()
    results = page
    # slixmpp stops after the last page, because no later one follows.
    while m.get("reverse") and page:
        answer = await plugin.retrieve(jid=to, with_jid=chat, rsm={"max": 2, "before": results[0]["mam_result"]["id"]})
        page = list(answer["mam"]["results"])
        results = page + results
    return {"archived": [read_archived(r) for r in results]}


def read_archived(result):
    forwarded = result["mam_result"]["forwarded"]
    stanza = forwarded["stanza"]
    given = stanza.get_plugin("stanza_id", check=True)
    moderated = stanza.xml.find("{urn:xmpp:message-retract:1}retracted/{urn:xmpp:message-moderate:1}moderated")
    reason = stanza.xml.find("{urn:xmpp:message-retract:1}retracted/{urn:xmpp:message-retract:1}reason")
    return {
        "stanzaid": None if given is None else given["id"],
        "moderator": None if moderated is None else moderated.get("by"),
        "reason": None if reason is None else reason.text,
        "from": stanza.xml.get("from"), "id": result["mam_result"]["id"], "body": text(stanza.xml, "body"),
        "stamp": str(forwarded["delay"]["stamp"]),
        "retracted": stanza.get_plugin("retracted", check=True) is not None,
        "retract": stanza.get_plugin("retract", check=True) is not None,
    }


async def do_published(c, m):
    """Reads what the client's own account has published at a node."""
    iq = c.make_iq_get()
    iq.xml.append(element(tag("pubsub", "pubsub"), None, element(tag("pubsub", "items"), {"node": m["node"]})))
    try:
        answer = await iq.send(timeout=15)
    except slixmpp.exceptions.IqError as e:
        if e.condition == "item-not-found":
            return {}
        raise
    return {"xml": tostring(answer.xml, top_level=True)}


async def do_carbons(c, m):
    return await c.iq("set", None, element(tag("carbons", "enable")))


COMMANDS = {name[3:]: fn for name, fn in list(globals().items()) if name.startswith("do_")}
COMMANDS["raw"] = lambda c, m: c.send_raw(m["xml"])
COMMANDS["disconnect"] = lambda c, m: c.disconnect()


async def run(client, command):
    ref = command.get("id")
    try:
        answer = COMMANDS[command["do"]](client, command)
        if asyncio.iscoroutine(answer):
            answer = await answer
        emit("result", ref=ref, ok=True, **(answer if isinstance(answer, dict) else {}))
    except slixmpp.exceptions.IqError as e:
        emit("result", ref=ref, error=read_error(e.iq.xml) or {"condition": "unknown"})
    except slixmpp.exceptions.IqTimeout:
        emit("result", ref=ref, error={"condition": "no-answer"})
    except Exception as e:  # the test receives it as the command's error
        logging.exception("command %r", command.get("do"))
        emit("result", ref=ref, error={"condition": "driver", "text": repr(e)})


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=16 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    client, tasks = None, set()
    while line := await lines.readline():
        command = json.loads(line)
        if command["do"] == "connect":
            client = Driver(command)
            client.connect(command["host"], command["port"])
            emit("result", ref=command.get("id"), ok=True)
            continue
        task = loop.create_task(run(client, command))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if client is not None and client.is_connected():
        await asyncio.wait_for(asyncio.ensure_future(client.disconnect()), 3)


logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
asyncio.run(main())
