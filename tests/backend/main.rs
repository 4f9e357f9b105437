//! The development backend as a program of its own, for tests written in shell and for containers: linked
//! statically it runs in an image that holds nothing else. It runs until it is killed.

#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use support::backend::{Backend, TlsKind};

const USAGE: &str = "usage: backend FOLDER ADDRESS:PORT [NAME [not-yet-valid]]
Speaks TLS where it is given a name, else clear text. Leaves in FOLDER `ca.pem` and then `url`.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [folder, listen] => serve(Path::new(folder), listen, None),
        [folder, listen, name] => serve(Path::new(folder), listen, Some((name, TlsKind::Valid))),
        [folder, listen, name, "not-yet-valid"] => serve(
            Path::new(folder),
            listen,
            Some((name, TlsKind::NotYetValid)),
        ),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell should standard error be closed.
            let _ = writeln!(io::stderr(), "backend: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(folder: &Path, listen: &str, tls: Option<(&str, TlsKind)>) -> Result<(), Box<dyn Error>> {
    // An empty image has no /tmp, and who kills this removes the folder.
    tempfile::env::override_temp_dir(folder).map_err(|_| "the folder is set already")?;
    let listen: SocketAddr = listen.parse()?;
    let builder = Backend::builder().listen(listen).without_record();
    let backend = match tls {
        Some((name, kind)) => builder.tls(kind).name(name).start(),
        None => builder.start(),
    };
    fs::copy(backend.ca_file(), folder.join("ca.pem"))?;
    // Under its name only when whole: whoever waits for it reads it at once.
    let unfinished = folder.join("url.new");
    fs::write(&unfinished, backend.url())?;
    fs::rename(unfinished, folder.join("url"))?;
    loop {
        thread::park();
    }
}
