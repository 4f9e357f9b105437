//! The development backend, for tests written in shell and for containers: linked statically it runs in an image that
//! holds nothing else.

use std::fs;
use std::path::Path;
use std::thread;

use crate::support::backend::{Backend, TlsKind};

/// Until it is killed. Speaks TLS where it has a name. Leaves in the folder `ca.pem` and then `url`.
pub(crate) fn run(folder: &str, listen: &str, name: Option<&str>) {
    let folder = Path::new(folder);
    // An empty image has no /tmp, and who kills this removes the folder.
    tempfile::env::override_temp_dir(folder).expect("no folder is set yet");
    let builder = Backend::builder().listen(listen.parse().expect("ADDRESS:PORT"));
    let builder = match name {
        Some(name) => builder.tls(TlsKind::Valid).name(name),
        None => builder,
    };
    let backend = builder.start();
    fs::copy(backend.ca_file(), folder.join("ca.pem")).expect("a copy of the CA's file");
    // Under its name only when whole: whoever waits for it reads it at once.
    let unfinished = folder.join("url.new");
    fs::write(&unfinished, backend.url()).expect("a file");
    fs::rename(unfinished, folder.join("url")).expect("its name");
    loop {
        thread::park();
    }
}
