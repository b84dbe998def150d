// The modules of the phone's page, in node: it reads lines of JSON, and prints the messages for the provider.
import { createInterface } from "node:readline";
import * as push from "../../../src/phone/push.mjs";

let device;
for await (const line of createInterface({ input: process.stdin })) {
    const { link, challenge, verdict, number } = JSON.parse(line);
    if (link) {
        const activation = push.parseActivation(`https://idp.example/app#${link}`);
        const activated = await push.activate(activation, await push.newKey());
        device = activated.device;
        const code = await push.confirmationCode(device);
        console.log(JSON.stringify({ message: activated.message, code, name: device.name }));
        continue;
    }
    const read = push.readChallenge(challenge, device, Date.now() / 1000);
    console.log(JSON.stringify({ message: await push.answer(device, read, verdict, number) }));
}
