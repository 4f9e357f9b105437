//! The story: one key, two devices.

use std::error::Error;
use std::io::{self, Write};

use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::outcome::Outcome;

const SECOND: &str = "laptop-2";

pub(crate) fn tell() -> Result<(), Box<dyn Error>> {
    if !binary().is_file() {
        return Err(format!("{} is missing: cargo build makes it", binary().display()).into());
    }
    let backend = Backend::https();
    let first = Home::new();
    say(&format!(
        "# The real program against a development backend: {}, real TLS, a private CA, loopback only.\n",
        backend.url()
    ))?;
    on_the_first_device(&backend, &first)?;
    on_the_second_device(&backend, &first)
}

fn on_the_first_device(backend: &Backend, home: &Home) -> Result<(), Box<dyn Error>> {
    say("$ sekuire login                      # at a pseudo-terminal: the key is typed, unseen\n")?;
    let mut terminal = sekuire(backend, home).arg("login").pty();
    terminal.wait_for("Enter your API Key:");
    let hidden = !terminal.echo_on();
    terminal.send(format!("{KEY}\r").as_bytes());
    let login = terminal.finish();
    report(&login.terminal.replace("\r\n", "\n"), &login)?;
    expect(
        hidden && terminal.echo_on(),
        "echo is off at the prompt and on again after it",
    )?;
    expect(login.code == Some(0), "login succeeds")?;
    expect(!login.terminal.contains(KEY), "the key stays hidden")?;
    expect(
        login.terminal.contains("Login successful!"),
        "login says so",
    )?;
    expect(
        backend.bound(KEY).is_some(),
        "the backend has bound the key",
    )?;

    let status = step(backend, home, "", &["status"])?;
    expect(status.code == Some(0), "status: authenticated")?;
    expect(
        status.stdout.contains("Authenticated with API Key"),
        "status says so",
    )?;

    let whoami = step(backend, home, "", &["auth", "whoami"])?;
    expect(whoami.code == Some(0), "whoami: authenticated")?;
    expect(
        whoami.stdout.contains("Email: dev@example.com"),
        "whoami names the user",
    )
}

fn on_the_second_device(backend: &Backend, first: &Home) -> Result<(), Box<dyn Error>> {
    let home = Home::new();
    home.write_auth(&first.read_auth());
    let bound = backend.bound(KEY);
    say("# auth.json is copied to a second device\n")?;

    let status = step(backend, &home, SECOND, &["status"])?;
    expect(status.code == Some(0), "status with the copied file")?;
    expect(
        status.stderr.contains("another device"),
        "it warns of another device",
    )?;

    let login = step(backend, &home, SECOND, &["login", "--api-key-stdin"])?;
    expect(login.code == Some(0), "login from the second device")?;
    expect(
        backend.bound(KEY) != bound,
        "the backend has bound the key to the second device",
    )?;

    let logout = step(backend, &home, SECOND, &["logout"])?;
    expect(logout.code == Some(0), "logout")?;
    expect(home.listing().is_empty(), "nothing is left in ~/.sekuire")?;

    let status = step(backend, &home, SECOND, &["status"])?;
    expect(status.code == Some(1), "status: not authenticated")?;
    expect(
        status.stdout.starts_with("Not logged in\n"),
        "status says so",
    )
}

fn sekuire(backend: &Backend, home: &Home) -> Sekuire {
    let ca = backend.ca_file();
    // On this device, unless a step names another.
    Sekuire::new()
        .without("SEKUIRE_DEVICE_ID")
        .home(home)
        .ca(&ca)
        .env("SEKUIRE_BACKEND_URL", backend.url())
}

/// On the device of that name, or this one; the key waits on standard input.
fn step(
    backend: &Backend,
    home: &Home,
    device: &str,
    arguments: &[&str],
) -> Result<Outcome, Box<dyn Error>> {
    let mut command = sekuire(backend, home).args(arguments);
    let mut line = format!("sekuire {}", arguments.join(" "));
    if !device.is_empty() {
        command = command.env("SEKUIRE_DEVICE_ID", device);
        line = format!("SEKUIRE_DEVICE_ID={device} {line}");
    }
    if arguments.contains(&"--api-key-stdin") {
        command = command.stdin(format!("{KEY}\n").as_bytes());
        line += " < key";
    }
    say(&format!("$ {line}\n"))?;
    let outcome = command.run();
    report(&(outcome.stdout.clone() + &outcome.stderr), &outcome)?;
    Ok(outcome)
}

fn report(said: &str, outcome: &Outcome) -> io::Result<()> {
    say(said)?;
    match outcome.code {
        Some(0) => Ok(()),
        Some(code) => say(&format!("[exit status {code}]\n")),
        None => say(&format!("[signal {:?}]\n", outcome.signal)),
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn expect(held: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if held {
        Ok(())
    } else {
        Err(format!("this did not hold: {what}").into())
    }
}
