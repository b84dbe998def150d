// Returns what a person without a mouse cannot do, or cannot see, on this page. It runs as an expression of the console.
(() => {
    const CONTROLS =
        "a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, iframe, audio[controls], " +
        "video[controls], [contenteditable], [tabindex]:not([tabindex^='-']), [onclick], [role=button], [role=link], " +
        "[role=checkbox], [role=radio], [role=switch], [role=tab], [role=menuitem], [role=option], [role=textbox]";
    const CLICKS = ["click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup", "touchstart", "touchend"];
    /** The least contrast of an indicator of the focus: WCAG 2.1, criterion 1.4.11. */
    const CONTRAST = 3;

    const faults = [];
    const fault = (element, text) => faults.push(`${element.cloneNode().outerHTML} ${text}`);
    const isShown = (element) =>
        element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
    const isUsable = (element) => isShown(element) && !element.matches(":disabled");
    const shown = [...document.body.querySelectorAll("*")].filter(isShown);

    /** Returns the colors of a property of a style, as red, green, blue and alpha. */
    const colors = (text) =>
        Array.from(text.matchAll(/rgba?\(([^)]*)\)/g), ([, numbers]) => {
            const [red, green, blue, alpha = 1] = numbers.split(",").map(Number);
            return { rgb: [red, green, blue], alpha };
        });
    const luminance = (rgb) => {
        const linear = rgb.map((part) => part / 255).map((part) =>
            part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const contrast = (one, other) => {
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };
    /** Returns the color behind an element. */
    const behind = (element) => {
        for (let at = element.parentElement; at; at = at.parentElement) {
            const [{ rgb, alpha }] = colors(getComputedStyle(at).backgroundColor);
            if (alpha === 1) return rgb;
        }
        return [255, 255, 255];
    };
    /** Returns the colors of the lines around an element. */
    const ring = (element) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
        const hasOutline = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
        return colors((hasOutline ? outlineColor : "") + boxShadow).filter(({ alpha }) => alpha === 1);
    };

    const focused = document.activeElement;
    for (const control of shown.filter((element) => element.matches(CONTROLS) && isUsable(element))) {
        if (control.tabIndex < 0) fault(control, "is not reached by the tabulator");
        if (control.tabIndex > 0) fault(control, "is reached out of the order of the page");
        if (control.closest("[aria-hidden=true]")) fault(control, "is hidden from screen readers");
        document.activeElement.blur();
        const before = JSON.stringify(ring(control));
        control.focus({ preventScroll: true, focusVisible: true });
        if (document.activeElement !== control) {
            fault(control, "takes no focus");
            continue;
        }
        const around = ring(control);
        const stands = ({ rgb }) => contrast(rgb, behind(control)) >= CONTRAST;
        const isSeen = JSON.stringify(around) !== before && around.some(stands);
        if (!control.matches(":focus-visible") || !isSeen) fault(control, "does not show that it has the focus");
        const { left, top, width, height } = control.getBoundingClientRect();
        const isOnPage = left + scrollX >= 0 && top + scrollY >= 0 && width > 1 && height > 1;
        if (!isOnPage) fault(control, "is not on the page when it has the focus");
    }
    // The next press of the tabulator begins where it would have begun.
    document.body.tabIndex = -1;
    document.body.focus({ preventScroll: true });
    document.body.removeAttribute("tabindex");
    focused.focus({ preventScroll: true });

    for (const element of shown) {
        if (element.closest(`${CONTROLS}, label, :disabled`)) continue;
        const isListening = CLICKS.some((type) => type in getEventListeners(element));
        const isHand = getComputedStyle(element).cursor === "pointer";
        if (isListening || isHand) fault(element, "is for a mouse only");
    }
    for (const form of shown.filter((element) => element.matches("form"))) {
        const parts = [...form.elements].filter(isShown);
        // The button of the language in which the page is does nothing.
        const isOff = parts.length > 0 && !parts.some(isUsable);
        const isSent = parts.some((part) => part.type === "submit" && isUsable(part));
        if (!isSent && !isOff) fault(form, "has no button that sends it");
    }
    return faults;
})();
