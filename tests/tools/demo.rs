//! `make demo`: one key and two devices, with the real program, a real pseudo-terminal and real TLS. With `--serve` only the
//! backend, to try by hand.

use std::error::Error;
use std::io::{self, Write};

use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

type Result = std::result::Result<(), Box<dyn Error>>;

pub(crate) fn run(arguments: &[&str]) -> Result {
    match *arguments {
        [] => tell(),
        ["--serve"] => serve(),
        _ => Err("usage: tools demo [--serve]".into()),
    }
}

fn serve() -> Result {
    let backend = Backend::https();
    say(&format!(
        "# A development backend is listening. In another terminal:\n\
         export SEKUIRE_BACKEND_URL={}\n\
         export SSL_CERT_FILE={}\n\
         export SEKUIRE_CONFIG_DIR=$(mktemp -d)   # leaves your own login alone\n\
         # then `sekuire login` with the key {KEY}\n\
         # Enter ends it.\n",
        backend.url(),
        backend.ca_file().display()
    ))?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn tell() -> Result {
    let backend = Backend::https();
    say(&format!(
        "# The real program against a development backend: {}, real TLS, a private CA, loopback only.\n",
        backend.url()
    ))?;
    let first = Device::new(&backend, "");
    first.log_in_at_terminal()?;
    first.run("status", 0, "Authenticated with API Key\n")?;
    first.run("auth whoami", 0, "Email: dev@example.com\n")?;
    let bound = backend.bound(KEY);
    expect(bound.is_some(), "the backend has bound the key")?;

    say("# auth.json is copied to a second device\n")?;
    let second = Device::new(&backend, "laptop-2");
    second.home.write_auth(&first.home.read_auth());
    second.run("status", 0, "belongs to another device")?;
    second.run("login --api-key-stdin", 0, "Login successful!")?;
    expect(
        backend.bound(KEY) != bound,
        "the backend has bound the key to the second device",
    )?;
    second.run("logout", 0, "Logged out successfully!")?;
    expect(
        second.home.listing().is_empty(),
        "nothing is left in ~/.sekuire",
    )?;
    second.run("status", 1, "Not logged in\n")
}

struct Device<'a> {
    backend: &'a Backend,
    /// `SEKUIRE_DEVICE_ID`; empty: this machine's own identity.
    id: &'static str,
    home: Home,
}

impl<'a> Device<'a> {
    fn new(backend: &'a Backend, id: &'static str) -> Self {
        let home = Home::new();
        Self { backend, id, home }
    }

    fn sekuire(&self) -> Sekuire {
        Sekuire::new()
            .home(&self.home)
            .ca(&self.backend.ca_file())
            .env("SEKUIRE_BACKEND_URL", self.backend.url())
            .env("SEKUIRE_DEVICE_ID", self.id)
    }

    fn log_in_at_terminal(&self) -> Result {
        say(
            "$ sekuire login                      # at a pseudo-terminal: the key is typed, unseen\n",
        )?;
        let mut terminal = self.sekuire().arg("login").pty();
        terminal.wait_for("Enter your API Key:");
        let hidden = !terminal.echo_on();
        terminal.send(format!("{KEY}\r").as_bytes());
        let login = terminal.finish();
        say(&login.terminal.replace("\r\n", "\n"))?;
        expect(
            hidden && terminal.echo_on(),
            "echo is off at the prompt and on again after it",
        )?;
        expect(!login.terminal.contains(KEY), "the key stays hidden")?;
        check(&login, 0, "Login successful!")
    }

    /// The key waits on standard input, for a login.
    fn run(&self, words: &str, code: i32, says: &str) -> Result {
        let device = match self.id {
            "" => String::new(),
            id => format!("SEKUIRE_DEVICE_ID={id} "),
        };
        let key = if words.starts_with("login") {
            " < key"
        } else {
            ""
        };
        say(&format!("$ {device}sekuire {words}{key}\n"))?;
        let command = self.sekuire().args(words.split(' '));
        let outcome = command.stdin(format!("{KEY}\n").as_bytes()).run();
        say(&outcome.stdout)?;
        say(&outcome.stderr)?;
        if let Some(code @ 1..) = outcome.code {
            say(&format!("[exit status {code}]\n"))?;
        }
        check(&outcome, code, says)
    }
}

fn check(outcome: &Outcome, code: i32, says: &str) -> Result {
    let said = [&outcome.stdout, &outcome.stderr, &outcome.terminal];
    let told = said.into_iter().any(|text| text.contains(says));
    expect(
        outcome.code == Some(code) && told,
        &format!("exit status {code}, and {says:?} is said"),
    )
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn expect(holds: bool, what: &str) -> Result {
    if holds {
        Ok(())
    } else {
        Err(format!("this did not hold: {what}").into())
    }
}
