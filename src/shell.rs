//! Words for a shell: a hint that is a command must name the same path when it is pasted.

use std::path::Path;

/// `path` as one word of a POSIX shell: as it is where every character is plain, else in single
/// quotes, within which nothing is special but the quote itself (POSIX.1-2024, XCU 2.2.2).
pub fn quote(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path.into_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn a_shell_reads_the_same_path() {
        for path in [
            "/home/dev/.sekuire/auth.json",
            "/a b;id/auth.json",
            "/it's",
            "'",
            "/\"$HOME\"`id`$(id)/\\",
            "/line\nend\r\t",
            "/*?[a]{b,c}~#!&|<>()",
            "~",
            "-n",
            "/ä\u{202e}",
            "",
        ] {
            let quoted = super::quote(Path::new(path));
            let command = format!("printf %s {quoted}");
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert_eq!(output.stdout, path.as_bytes(), "{quoted}");
        }
    }

    #[test]
    fn a_plain_path_stays_readable() {
        let path = "/home/dev/.sekuire/auth.json";
        assert_eq!(super::quote(Path::new(path)), path);
    }
}
