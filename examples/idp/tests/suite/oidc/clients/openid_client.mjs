// A service with openid-client, in SPID's profile or in the plain one. It writes the address for the browser as a line,
// reads the one to which the browser was sent, and writes the claims that it got.

import { createInterface } from "node:readline/promises";
import { subtle } from "node:crypto";
import * as client from "openid-client";

const [profile, issuer, redirectUri, credential] = process.argv.slice(2);
const isSpid = profile === "spid";
const options = { execute: [client.allowInsecureRequests] };
let config, key;
if (isSpid) {
  const der = Buffer.from(credential.replace(/-----[^-]*-----|\s/g, ""), "base64");
  key = await subtle.importKey("pkcs8", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const metadata = { id_token_signed_response_alg: "ES256" };
  // The profile asks for the token endpoint in place of the issuer.
  const audience = (_, claims) => { claims.aud = `${issuer}/token`; };
  const authentication = client.PrivateKeyJwt({ key, kid: "key-1" }, { [client.modifyAssertion]: audience });
  config = await client.discovery(new URL(issuer), "https://openid-client.example/", metadata, authentication, options);
} else {
  config = await client.discovery(new URL(issuer), "openid-client", undefined, client.None(), options);
}

const [pkceCodeVerifier, expectedState, expectedNonce] =
  [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
const parameters = {
  redirect_uri: redirectUri,
  scope: isSpid ? "openid" : "openid profile",
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  state: expectedState,
  nonce: expectedNonce,
};
if (isSpid) {
  parameters.acr_values = "https://www.spid.gov.it/SpidL1";
  parameters.prompt = "consent";
  parameters.claims = JSON.stringify({ userinfo: { given_name: null } });
}
const url = isSpid
  ? await client.buildAuthorizationUrlWithJAR(config, parameters, { key, kid: "key-1" })
  : client.buildAuthorizationUrl(config, parameters);
console.log(url.href);

const lines = createInterface({ input: process.stdin });
const [answer] = await (async () => { for await (const line of lines) return [line]; })();
const checks = { pkceCodeVerifier, expectedState, expectedNonce };
const tokens = await client.authorizationCodeGrant(config, new URL(answer), checks);
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const [header] = tokens.id_token.split(".");
const { alg } = JSON.parse(Buffer.from(header, "base64url"));
console.log(JSON.stringify({ alg, acr: claims.acr, userinfo }));
process.exit(0);
