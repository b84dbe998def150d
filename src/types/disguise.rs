/// Returns `true` for control characters, separators of lines, and the marks of the Unicode bidirectional algorithm.
pub(crate) fn is_disguise(character: char) -> bool {
    let is_direction =
        matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') || is_direction
}
