//! The one way from foreign text to a terminal or into a report: what a server, a file or the
//! environment said, without what looks like a key and without what a terminal would not show as text.

use crate::api_key;

/// `text` without control characters, escape sequences, line ends, and marks that reorder or hide
/// text (Unicode TR 36; CVE-2021-42574), and with what looks like a key redacted.
pub fn sanitize(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if is_control_or_invisible(c) { '?' } else { c })
        .collect();
    api_key::redact_lookalikes(&plain)
}

/// Whether a terminal might do something with this character instead of showing it.
pub fn is_control_or_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
