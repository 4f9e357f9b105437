//! `make foreign`: clients and servers that nobody here wrote, on loopback. curl and openssl speak to the development
//! backend; the program speaks to it through nginx, Apache httpd, Caddy, haproxy, stunnel and Python, and through
//! proxies that break TLS open; the existing client shares a home with it. What is not installed is left out, and said.

mod certificates;
mod clients;
mod daemon;
mod existing_client;
mod program;
mod proxies;
mod report;
mod servers;
mod user;

use std::process::ExitCode;

use report::Report;

pub(crate) fn run() -> ExitCode {
    let mut report = Report::new();
    clients::check(&mut report);
    servers::check(&mut report);
    proxies::check(&mut report);
    existing_client::check(&mut report);
    report.finish()
}
