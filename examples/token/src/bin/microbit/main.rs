//! The token on a BBC micro:bit. The library's documentation describes the wiring.
#![no_std]
#![no_main]

mod board;

use core::panic::PanicInfo;

use max7219::MAX7219;
use token::Token;

use crate::board::Board;

#[cortex_m_rt::entry]
fn main() -> ! {
    let board = Board::take();
    let Ok(display) = MAX7219::from_pins(1, board.din, board.cs, board.clk) else { board::reset() };
    Token::new(board.button, display, board.timer, board.flash).run()
}

/// Resets the chip, as nothing else can be done. The display goes dark.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    board::reset()
}
