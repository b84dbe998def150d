//! The button, whose contacts bounce for some milliseconds when they meet and when they part.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::InputPin;

use crate::Error;

/// The time in milliseconds for which a level must stay the same to count.
const STEADY_MS: u32 = 20;

/// Waits until the button is released and then pressed, so that a button kept pressed gives one code.
pub(crate) fn wait_for_press(button: &mut impl InputPin, delay: &mut impl DelayNs) -> Result<(), Error> {
    wait_until(button, delay, false)?;
    wait_until(button, delay, true)
}

fn wait_until(button: &mut impl InputPin, delay: &mut impl DelayNs, pressed: bool) -> Result<(), Error> {
    let mut steady = 0;
    while steady < STEADY_MS {
        delay.delay_ms(1);
        let is_pressed = button.is_low().map_err(|_| Error::Button)?;
        steady = if is_pressed == pressed { steady + 1 } else { 0 };
    }
    Ok(())
}
