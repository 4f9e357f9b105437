//! Characters that a person does not see.

/// Unicode's `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt` of Unicode 16.0; the bidi
/// controls are among them: CVE-2021-42574), and the others that show nothing: a blank braille
/// pattern, separators of lines and paragraphs, interlinear annotation. Each range begins with one number and
/// ends before the next.
const INVISIBLE: [u32; 36] = [
    0xad, 0xae, 0x34f, 0x350, 0x61c, 0x61d, 0x115f, 0x1161, 0x17b4, 0x17b6, 0x180b, 0x1810, 0x200b,
    0x2010, 0x2028, 0x202f, 0x2060, 0x2070, 0x2800, 0x2801, 0x3164, 0x3165, 0xfe00, 0xfe10, 0xfeff,
    0xff00, 0xffa0, 0xffa1, 0xfff0, 0xfffc, 0x1bca0, 0x1bca4, 0x1d173, 0x1d17b, 0xe0000, 0xe1000,
];

/// Whether a terminal shows nothing for this character, though it is not a control character.
pub fn is_invisible(c: char) -> bool {
    let mut ranges = INVISIBLE.chunks(2);
    ranges.any(|range| matches!(range, [start, end] if (*start..*end).contains(&u32::from(c))))
}

/// Whether a terminal might do something with this character, or hide it, instead of showing it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_invisible(c)
}
