//! The development backend, for tests written in shell and for containers: linked statically it runs in an image that
//! holds nothing else. It runs until it is killed.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use crate::support::backend::{Backend, TlsKind};

const USAGE: &str = "usage: tools backend FOLDER ADDRESS:PORT [NAME]
Speaks TLS where it is given a name, else clear text. Leaves in FOLDER `ca.pem` and then `url`.";

pub(crate) fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match *arguments {
        [folder, listen] => serve(Path::new(folder), listen, None),
        [folder, listen, name] => serve(Path::new(folder), listen, Some(name)),
        _ => Err(USAGE.into()),
    }
}

fn serve(folder: &Path, listen: &str, name: Option<&str>) -> Result<(), Box<dyn Error>> {
    // An empty image has no /tmp, and who kills this removes the folder.
    tempfile::env::override_temp_dir(folder).map_err(|_| "the folder is set already")?;
    let listen: SocketAddr = listen.parse()?;
    let builder = Backend::builder().listen(listen);
    let backend = match name {
        Some(name) => builder.tls(TlsKind::Valid).name(name).start(),
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
