// Answers each case with the code of otpauth, the code by the key URI, and whether otpauth accepts what is typed.
//
// A case is a line of JSON. For TOTP, `moment` is the time in seconds, and for HOTP the counter.

import { createInterface } from "node:readline";
import { HOTP, Secret, TOTP, URI } from "otpauth";

for await (const line of createInterface({ input: process.stdin })) {
  const { type, algorithm, digits, period, moment, secret, uri, typed, window } = JSON.parse(line);
  const parameters = { issuer: "Secondo", label: "rossi@example.com", secret: Secret.fromHex(secret), algorithm, digits };
  const isTotp = type === "totp";
  const otp = isTotp ? new TOTP({ ...parameters, period }) : new HOTP(parameters);
  const at = isTotp ? { timestamp: moment * 1000 } : { counter: moment };
  const answer = {
    code: otp.generate(at),
    by_uri: uri ? URI.parse(uri).generate(at) : null,
    is_accepted: otp.validate({ token: typed, window: isTotp ? window : 0, ...at }) !== null,
    uri: otp.toString(),
  };
  console.log(JSON.stringify(answer));
}
