"""Verifies the messages of an app with Python's cryptography, from the wire format's description alone.

Reads lines "name<TAB>text": the link of an activation, the answer to it, the code that the app shows, then challenges, each with answers to it.
"""
import base64
import hashlib
import json
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(value):
    value = value.encode()
    return struct.pack(">H", len(value)) + value


def verify(key, signature, message):
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


verified = 0
for line in sys.stdin:
    name, value = line.rstrip("\n").split("\t")
    if name == "link":
        link = decoded(value.removeprefix("secondo-push:"))
        assert link[0] == 1
    elif name == "activation":
        answer = json.loads(value)
        point = decoded(answer["key"])
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        signed = text("secondo push activation") + b"\1" + text(answer["account"]) + link[1:33] + point
        verify(key, decoded(answer["proof"]), signed)
        device = hashlib.sha256(bytes([2 + point[64] % 2]) + point[1:33]).digest()[:16]
        verified += 1
    elif name == "code":
        number = int.from_bytes(hashlib.sha256(text("secondo push confirmation") + b"\1" + device).digest()[:4], "big")
        assert value == f"{number % 2**31 % 10**6:06}"
        verified += 1
    elif name == "challenge":
        c = json.loads(value)
        assert decoded(c["device"]) == device
        digest = hashlib.sha256(
            text("secondo push challenge") + b"\1" + text(c["account"]) + device + decoded(c["id"])
            + text(c["relying_party"]) + text(c["place"]) + text(c["time"])
            + bytes([["type-6", "type-2", "compare"].index(c["matching"])])
            + text(c.get("number", "")) + struct.pack(">Q", c["expires"])
        ).digest()
    elif name == "answer":
        a = json.loads(value)
        assert (a["account"], a["id"], decoded(a["digest"])) == (c["account"], c["id"], digest)
        verdict = 1 + ["accept", "deny", "not-me"].index(a["verdict"])
        verify(key, decoded(a["signature"]), text("secondo push answer") + b"\1" + digest + bytes([verdict]) + text(a["number"]))
        verified += 1
print(verified)
