"""A service with Authlib, in SPID's profile or in the plain one. It writes the address for the browser as a line, reads
the one to which the browser was sent, and writes the claims that it got."""

import json
import sys
import time
import uuid
from urllib.parse import parse_qsl, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

profile, issuer, redirect_uri, credential = sys.argv[1:]
metadata = requests.get(issuer + "/.well-known/openid-configuration").json()
endpoint = metadata["token_endpoint"]
verifier, state, nonce = (uuid.uuid4().hex + uuid.uuid4().hex for _ in range(3))
common = {"scope": "openid", "redirect_uri": redirect_uri, "code_challenge_method": "S256"}
if profile == "spid":
    client_id = "https://authlib.example/"
    authentication = PrivateKeyJWT(endpoint, alg="RS256")
    session = OAuth2Session(client_id, credential, token_endpoint_auth_method=authentication, **common)
    # The parameters of the address that Authlib builds, in a request object.
    query = dict(nonce=nonce, acr_values="https://www.spid.gov.it/SpidL2", prompt="consent login")
    url, _ = session.create_authorization_url(metadata["authorization_endpoint"], state, verifier, **query)
    inside = dict(parse_qsl(urlsplit(url).query))
    now = int(time.time())
    inside |= {"iss": client_id, "aud": issuer, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    inside["claims"] = {"userinfo": {"given_name": None, "https://attributes.eid.gov.it/fiscal_number": None}}
    token = jwt.encode({"alg": "RS256"}, inside, RSAKey.import_key(credential))
    outside = {"client_id": client_id, "response_type": "code", "scope": "openid", "request": token}
    url = requests.Request("GET", metadata["authorization_endpoint"], params=outside).prepare().url
else:
    client_id = "authlib"
    session = OAuth2Session(client_id, credential, token_endpoint_auth_method="client_secret_post", **common)
    session.scope = "openid profile email"
    url, _ = session.create_authorization_url(metadata["authorization_endpoint"], state, verifier, nonce=nonce)
print(url, flush=True)

answer = sys.stdin.readline().strip()
token = session.fetch_token(endpoint, authorization_response=answer, code_verifier=verifier, state=state)
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"]).json())
decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256", "ES256"])
params = {"nonce": nonce, "client_id": client_id, "access_token": token["access_token"]}
options = {"iss": {"value": issuer}, "aud": {"value": client_id}}
claims = CodeIDToken(decoded.claims, decoded.header, options, params)
claims.validate()
userinfo = session.get(metadata["userinfo_endpoint"]).json()
assert userinfo["sub"] == claims["sub"]
print(json.dumps({"alg": decoded.header["alg"], "acr": claims["acr"], "userinfo": userinfo}), flush=True)
