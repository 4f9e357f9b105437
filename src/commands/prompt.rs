//! Where `login` gets its key: the transcript, the prompt without echo, or one line of standard input.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::backend;
use super::shared::print;
use crate::api_key::{self, ApiKey};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::error::{Error, Kind, words};
use crate::platform::{self, Stream};

const PROMPT: &str = "Enter your API Key: ";

const PASTE_OR_PIPE: &str = "paste the key at the prompt, or pipe it in with --api-key-stdin";

/// Shows the documented transcript up to the key, and reads the key: at the terminal without echo, else from
/// standard input. `--quiet` and `--api-key-stdin` leave the prompt alone.
///
/// # Errors
/// There is no key, or a malformed one; standard input, standard output or the terminal fails.
pub(super) fn ask_for_key(
    options: &Options,
    key_page: &str,
    backend: &BackendUrl,
) -> Result<ApiKey, Error> {
    let mut input = platform::standard_input();
    let is_silent = options.quiet || options.api_key_stdin;
    let show = |text: &str| if is_silent { Ok(0) } else { print(text) };
    show(&format!(
        "Sekuire Login\n\nTo authenticate:\n1. Go to: {key_page}\n2. Create a new API Key for CLI access\n\
         3. Copy the key (you'll only see it once!)\n4. Paste it below\n\n"
    ))?;
    if !input.is_terminal() {
        let hint_if_empty = if options.api_key_stdin {
            "standard input was empty: is the variable that holds the key set?"
        } else {
            PASTE_OR_PIPE
        };
        let key = validate(read_line(&mut input), hint_if_empty)?;
        show(&format!("{PROMPT}{key}\n"))?;
        return Ok(key);
    }
    let mut terminal = open_terminal(backend)?;
    let line = platform::read_hidden(&mut terminal, PROMPT, || read_line(&mut input));
    let key = validate(line, PASTE_OR_PIPE);
    // The prompt's line ends here, with a key or without.
    let mask = key.as_ref().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(terminal, "{mask}");
    let key = key?;
    if !platform::standard_output().is_terminal() {
        show(&format!("{PROMPT}{key}\n"))?;
    }
    Ok(key)
}

/// The terminal for the prompt: standard output, or the session's where that leads elsewhere.
fn open_terminal(backend: &BackendUrl) -> Result<Stream, Error> {
    let out = platform::standard_output();
    if out.is_terminal() {
        return Ok(out);
    }
    platform::controlling_terminal().map_err(|cause| {
        let login = backend::login_command(backend);
        Error::machine(format!("can't open the terminal: {}", words(&cause)))
            .with_hint(format!("run: {login} --api-key-stdin < FILE"))
    })
}

fn validate(
    line: io::Result<Option<Zeroizing<Vec<u8>>>>,
    hint_if_empty: &str,
) -> Result<ApiKey, Error> {
    let line = line.map_err(|cause| {
        let cause = words(&cause);
        Error::machine(format!(
            "can't read the API key from standard input: {cause}"
        ))
        .with_hint("pipe the key in, or run this at a terminal")
    })?;
    let line = line.ok_or_else(|| {
        Error::new(Kind::NotLoggedIn, "no API key on standard input").with_hint(hint_if_empty)
    })?;
    if line.len() > api_key::MAX_INPUT {
        let error = Error::usage("the line with the API key is longer than 4 KiB");
        return Err(error.with_hint("give the API key alone, on one line"));
    }
    ApiKey::parse(&line).map_err(|cause| {
        Error::usage(format!("the API key {cause}"))
            .with_hint("copy the whole key from the dashboard, and nothing else")
    })
}

/// Reads one line, byte by byte: what follows is left for the next reader. None where the input ends at once;
/// one byte too many where the line is too long.
fn read_line(input: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(api_key::MAX_INPUT + 1));
    let mut byte = Zeroizing::new([0]);
    while line.len() <= api_key::MAX_INPUT {
        match input.read(&mut *byte) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) => line.extend_from_slice(&*byte),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(Some(line))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{self, Read};

    use super::read_line;

    /// Text, each byte of it behind a signal.
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
        assert_eq!(read_line(&mut input).unwrap().unwrap().as_slice(), b"key");
        assert_eq!(input.text, b"rest");
    }
}
