//! `make demo`: a login's whole story on one screen, with the real program, a real pseudo-terminal and
//! real TLS. With `--serve` only the backend, to try by hand.

mod stage;
mod story;

use std::error::Error;
use std::io::{self, Write};

use crate::support::backend::{Backend, KEY};

pub(crate) fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match *arguments {
        [] => stage::clean(story::tell),
        ["--serve"] => stage::clean(serve),
        _ => Err("usage: tools demo [--serve]".into()),
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let backend = Backend::https();
    let mut out = io::stdout();
    writeln!(
        out,
        "# A development backend is listening. In another terminal:"
    )?;
    writeln!(out, "export SEKUIRE_BACKEND_URL={}", backend.url())?;
    writeln!(out, "export SSL_CERT_FILE={}", backend.ca_file().display())?;
    writeln!(
        out,
        "export SEKUIRE_CONFIG_DIR=$(mktemp -d)   # leaves your own login alone"
    )?;
    writeln!(out, "# then `sekuire login` with the key {KEY}")?;
    writeln!(out, "# Enter ends it.")?;
    out.flush()?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
