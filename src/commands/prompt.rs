//! Where `login` gets its key: the transcript, the prompt without echo, or one line of standard input.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use crate::api_key::{self, ApiKey};
use crate::cli::Options;
use crate::error::{Error, Kind, words};
use crate::platform::{self, Stream};
use crate::terminal;

const PROMPT: &str = "Enter your API Key: ";

/// Shows the documented transcript up to the key, and reads the key: at the terminal without echo, else from
/// standard input. `--quiet` and `--api-key-stdin` leave the prompt alone.
///
/// # Errors
/// There is no key, or a malformed one; standard input, standard output or the terminal fails.
pub(super) fn read_key(options: &Options, page: &str) -> Result<ApiKey, Error> {
    let is_silent = options.quiet || options.api_key_stdin;
    let show = |text: &str| terminal::print(if is_silent { "" } else { text });
    show(&format!(
        "Sekuire Login\n\nTo authenticate:\n1. Go to: {page}\n2. Create a new API Key for CLI access\n\
         3. Copy the key (you'll only see it once!)\n4. Paste it below\n\n"
    ))?;
    let mut input = platform::standard_input();
    if !input.is_terminal() {
        let key = validate(read_line(&mut input))?;
        show(&format!("{PROMPT}{key}\n"))?;
        return Ok(key);
    }
    let output = platform::standard_output();
    let is_shown = output.is_terminal();
    let mut terminal = if is_shown { output } else { open_terminal()? };
    let read = || read_line(&mut input);
    let key = validate(platform::read_hidden(&mut terminal, PROMPT, read));
    // The prompt's line ends here, with a key or without.
    let mask = key.as_ref().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(terminal, "{mask}");
    if !is_shown && key.is_ok() {
        show(&format!("{PROMPT}{mask}\n"))?;
    }
    key
}

/// The session's terminal, where standard output leads elsewhere.
fn open_terminal() -> Result<Stream, Error> {
    platform::controlling_terminal().map_err(|cause| {
        Error::machine(format!("can't open the terminal: {}", words(&cause)))
            .with_hint("pipe the key in: add --api-key-stdin < FILE")
    })
}

fn validate(line: io::Result<Zeroizing<Vec<u8>>>) -> Result<ApiKey, Error> {
    let line = line.map_err(|cause| {
        let message = "can't read the API key from standard input";
        Error::machine(format!("{message}: {}", words(&cause)))
            .with_hint("pipe the key in, or run this at a terminal")
    })?;
    if line.is_empty() {
        let error = Error::new(Kind::NotLoggedIn, "no API key on standard input");
        let hint = "paste it at the prompt; if you pipe in a variable, check that it is set";
        return Err(error.with_hint(hint));
    }
    if line.len() > api_key::MAX_INPUT {
        let error = Error::usage("the line with the API key is longer than 4 KiB");
        return Err(error.with_hint("give the API key alone, on one line"));
    }
    ApiKey::parse(&line).map_err(|cause| {
        Error::usage(format!("the API key {cause}"))
            .with_hint("copy the whole key from the dashboard, and nothing else")
    })
}

/// Reads one line, byte by byte: what follows is left for the next reader. A line that is too long is
/// returned with one byte too many.
fn read_line(input: &mut impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(api_key::MAX_INPUT + 1));
    let mut byte = Zeroizing::new([0]);
    while line.len() <= api_key::MAX_INPUT {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) => line.extend_from_slice(&*byte),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(line)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{self, Read};

    use super::read_line;

    /// Text, with a signal before each byte.
    struct Interrupted<'a> {
        text: &'a [u8],
        is_next: bool,
    }

    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.is_next = !self.is_next;
            if self.is_next {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.text.read(buffer)
        }
    }

    #[test]
    fn signals_do_not_end_the_line() {
        let mut input = Interrupted {
            text: b"key\nrest",
            is_next: false,
        };
        assert_eq!(read_line(&mut input).unwrap().as_slice(), b"key");
        assert_eq!(input.text, b"rest");
    }
}
