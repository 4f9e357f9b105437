//! Characters that a person does not see.

use std::ops::RangeInclusive;

/// Unicode's `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt` of Unicode 16.0; the bidi
/// controls are among them: CVE-2021-42574), and the others that show nothing: a blank braille
/// pattern, separators of lines and paragraphs, interlinear annotation.
const INVISIBLE: [RangeInclusive<char>; 18] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether a terminal shows nothing for this character, though it is no control character.
pub fn is_invisible(c: char) -> bool {
    !c.is_ascii() && INVISIBLE.iter().any(|range| range.contains(&c))
}

/// Whether a terminal might do something with this character, or hide it, instead of showing it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_invisible(c)
}
