//! mitmproxy, which opens TLS: it shows a certificate of its own CA in place of the backend's.

use std::fs;
use std::path::Path;

use super::{Report, User, start};
use crate::support::backend::Backend;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::port::RefusingPort;

/// A name that is not loopback's, for which no proxy is asked: the proxy finds every backend on loopback.
const ADDON: &str =
    "def server_connect(data):\n    data.server.address = ('127.0.0.1', data.server.address[1])\n";

pub(super) fn check(report: &mut Report) {
    let Some(program) = needs::tool("mitmdump") else {
        return;
    };
    let backend = Backend::https();
    let folder = Home::new();
    fs::write(folder.path().join("addon.py"), ADDON).expect("a file");
    let port = RefusingPort::new();
    let port = port.address().port();
    let arguments = format!(
        "--quiet --listen-host 127.0.0.1 --listen-port {port} --scripts @DIR@/addon.py --set confdir=@DIR@ \
         --set ssl_verify_upstream_trusted_ca={}",
        backend.ca_file().display()
    );
    let _running = start(&program, &arguments, &folder, port);
    let company = folder.path().join("mitmproxy-ca-cert.pem");
    let url = format!("https://backend.example:{}", backend.address().port());
    let proxy = format!("http://127.0.0.1:{port}");
    let user = |ca: &Path| User::new(&url, ca, ("HTTPS_PROXY", &proxy));
    report.check("mitmproxy: login to logout with its CA", || {
        user(&company).live("TLS 1.3");
    });
    report.check("mitmproxy: without its CA nothing is sent", || {
        let before = backend.requests().len();
        user(&backend.ca_file()).fails_to_log_in("certificate signed by an untrusted CA");
        assert_eq!(backend.requests().len(), before);
    });
}
