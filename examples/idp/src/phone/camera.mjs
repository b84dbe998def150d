// QR codes by the camera, in browsers that read them.

const SCAN_MS = 250;

export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices);

/** Shows the camera's picture until there is a QR code in it. Returns the text of the code. */
export async function scan(video) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    video.hidden = false;
    try {
        await video.play();
        for (;;) {
            const [found] = await detector.detect(video);
            if (found) return found.rawValue;
            await new Promise((resolve) => setTimeout(resolve, SCAN_MS));
        }
    } finally {
        stream.getTracks().forEach((track) => track.stop());
        video.srcObject = null;
        video.hidden = true;
    }
}
