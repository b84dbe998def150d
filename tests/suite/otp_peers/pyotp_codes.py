"""Answers each case with the code of pyotp, the code by the key URI, and whether pyotp accepts what is typed.

A case is a line of JSON. For TOTP, `moment` is the time in seconds, and for HOTP the counter.
"""

import base64
import hashlib
import json
import sys

import pyotp

DIGESTS = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}

for line in sys.stdin:
    case = json.loads(line)
    secret = base64.b32encode(bytes.fromhex(case["secret"])).decode().rstrip("=")
    parameters = {"digits": case["digits"], "digest": DIGESTS[case["algorithm"]]}
    moment, typed = case["moment"], case["typed"]
    if case["type"] == "totp":
        otp = pyotp.TOTP(secret, interval=case["period"], **parameters)
        is_accepted = otp.verify(typed, for_time=moment, valid_window=case["window"])
    else:
        otp = pyotp.HOTP(secret, **parameters)
        is_accepted = otp.verify(typed, moment)
    by_uri = pyotp.parse_uri(case["uri"]).at(moment) if case["uri"] else None
    written = otp.provisioning_uri(name="rossi@example.com", issuer_name="Secondo")
    print(json.dumps({"code": otp.at(moment), "by_uri": by_uri, "is_accepted": is_accepted, "uri": written}))
