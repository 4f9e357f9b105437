//! `make foreign`: what nobody here wrote, on loopback: nginx before the development backend, mitmproxy, which opens TLS as a
//! company's proxy does, and the existing client in the same home. What is not installed is skipped, and said.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::{Running, TestCommand};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::outcome::Outcome;
use crate::support::port::RefusingPort;
use crate::support::process::eventually;

pub(crate) fn run() {
    nginx();
    mitmproxy();
    existing_client();
}

/// A base URL where something is wrong, and what is said of it.
const NGINX_CASES: [(&str, &str); 6] = [
    ("https://localhost:@TLS13@/gone", "returned 502 "),
    ("https://localhost:@TLS13@/silent", "returned 504 "),
    ("https://localhost:@CLEAR@", "it does not speak TLS"),
    ("https://localhost:@CLIENT@", "No required SSL certificate"),
    ("http://localhost:@CLEAR@", "redirects to https://localhost"),
    ("http://localhost:@TLS13@", "plain HTTP request was sent"),
];

/// As what the program logs in to.
fn nginx() {
    let Some(program) = needs::tool("nginx") else {
        return;
    };
    let [backend, silent] = [(); 2].map(|()| Backend::http());
    silent.behave(Behaviour::Silent(After::Request));
    let folder = Home::new();
    let path = folder.path();
    let [tls12, tls13, client, clear, gone] = [(); 5].map(|()| RefusingPort::new());
    let ports = [
        ("@TLS12@", tls12.address().port()),
        ("@TLS13@", tls13.address().port()),
        ("@CLIENT@", client.address().port()),
        ("@CLEAR@", clear.address().port()),
        ("@GONE@", gone.address().port()),
        ("@BACKEND@", backend.address().port()),
        ("@SILENT@", silent.address().port()),
    ];
    let fill = |text: &str| {
        let text = text.replace("@DIR@", path.to_str().expect("text"));
        let fill = |text: String, (name, port): &(&str, u16)| text.replace(name, &port.to_string());
        ports.iter().fold(text, fill)
    };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let write = |name: &str, text: String| fs::write(path.join(name), text).expect("a file");
    write("server.pem", made.cert.pem());
    write("server.key", made.signing_key.serialize_pem());
    write("configuration", fill(include_str!("nginx.conf")));
    let arguments = fill("-e @DIR@/error.log -p @DIR@ -c @DIR@/configuration");
    let _running = start(&program, &arguments, &folder, ports[0].1);

    let user = |url: &str| User::new(&fill(url), &path.join("server.pem"));
    user("https://localhost:@TLS12@").lives("TLS 1.2");
    user("https://localhost:@TLS13@").lives("TLS 1.3");
    println!("ok: nginx: login to logout");
    for (url, says) in NGINX_CASES {
        user(url).fails_to_log_in(says);
        println!("ok: nginx: {url}: {says}");
    }
}

/// A name that is not loopback's, for which no proxy is asked: the proxy finds every backend on loopback.
const MITMPROXY_ADDON: &str =
    "def server_connect(data):\n    data.server.address = ('127.0.0.1', data.server.address[1])\n";

/// It shows a certificate of its own CA in place of the backend's.
fn mitmproxy() {
    let Some(program) = needs::tool("mitmdump") else {
        return;
    };
    let backend = Backend::https();
    let folder = Home::new();
    let path = folder.path().display();
    fs::write(folder.path().join("addon.py"), MITMPROXY_ADDON).expect("a file");
    let reserved = RefusingPort::new();
    let port = reserved.address().port();
    let arguments = format!(
        "--quiet --listen-host 127.0.0.1 --listen-port {port} --scripts {path}/addon.py --set confdir={path} \
         --set ssl_verify_upstream_trusted_ca={}",
        backend.ca_file().display()
    );
    let _running = start(&program, &arguments, &folder, port);
    let url = format!("https://backend.example:{}", backend.address().port());
    let user = |ca: &Path| User {
        variable: ("HTTPS_PROXY", format!("http://127.0.0.1:{port}")),
        ..User::new(&url, ca)
    };
    user(&folder.path().join("mitmproxy-ca-cert.pem")).lives("TLS 1.3");
    println!("ok: mitmproxy: login to logout with its CA");
    let before = backend.requests().len();
    user(&backend.ca_file()).fails_to_log_in("certificate signed by an untrusted CA");
    assert_eq!(backend.requests().len(), before, "nothing is sent");
    println!("ok: mitmproxy: without its CA nothing is sent");
}

/// `sekuire-cli` 0.2.11 of crates.io, in the same home: each reads what the other wrote.
fn existing_client() {
    // Where `make sekuire-cli` leaves it.
    let example = env::current_exe().expect("the path of this program");
    let target = example.ancestors().nth(3).expect("a target directory");
    let program = target.join("foreign/bin/sekuire");
    if !program.is_file() {
        needs::skip("sekuire-cli is not built: make sekuire-cli builds it, in two minutes");
        return;
    }
    let backend = Backend::https();
    // Of this machine, not of a test's identity.
    let user = User {
        variable: ("SEKUIRE_DEVICE_ID", String::new()),
        ..User::new(&backend.origin_localhost(), &backend.ca_file())
    };
    let whoami = format!("whoami --backend {}", user.url);
    let existing = |words: &str| user.dress(TestCommand::at(&program)).args(words.split(' '));
    // It asks a terminal only.
    let existing_logs_in = || {
        let mut terminal = existing(&format!("login --backend {}", user.url)).pty();
        terminal.wait_for("Enter your API Key");
        terminal.send(format!("{KEY}\r").as_bytes());
        terminal.finish().exits_with(0);
    };
    let existing_reads_a_private_file = || {
        let metadata = fs::metadata(user.home.auth_json()).expect("auth.json");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        let status = existing("auth status").run();
        status.stdout_contains("Workspace: ws_abc123");
        let whoami = existing(&format!("auth whoami --backend-url {}", user.url)).run();
        whoami.stdout_contains("Email: dev@example.com");
    };

    existing_logs_in();
    let status = user.run("status");
    status.exits_with(0).stderr_contains("chmod 600");
    status.stdout_contains("Workspace: ws_abc123");
    user.run(&whoami).exits_with(0);
    user.log_in().exits_with(0);
    existing_reads_a_private_file();
    println!("ok: sekuire-cli logs in, then we: the file is private");
    existing_logs_in();
    existing_reads_a_private_file();
    user.run("status").exits_with(0).stderr_is_empty();
    user.run(&whoami).exits_with(0);
    println!("ok: we log in, then sekuire-cli: the file stays private");
    user.run("logout").exits_with(0);
    assert!(user.home.listing().is_empty(), "{:?}", user.home.listing());
    user.log_in().exits_with(0);
    existing("logout").run().exits_with(0);
    user.run("status").exits_with(1);
    println!("ok: each logs out of the other's login");
}

/// Starts a server and waits until it listens on this port. It is killed when dropped.
fn start(program: &Path, arguments: &str, folder: &Home, port: u16) -> Running {
    let server = TestCommand::at(program)
        .home(folder)
        .timeout(Duration::ZERO);
    let mut running = server.args(arguments.split_whitespace()).spawn();
    // More than a busy machine takes to start it.
    let listens = eventually(Duration::from_secs(30), || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    });
    assert!(listens, "it does not listen: {}", running.finish());
    running
}

/// Whoever runs the program: a home, a backend, and an environment.
struct User {
    home: Home,
    url: String,
    ca: PathBuf,
    variable: (&'static str, String),
}

impl User {
    /// One who has not logged in, and trusts the CA in this file.
    fn new(url: &str, ca: &Path) -> Self {
        Self {
            home: Home::new(),
            url: url.to_owned(),
            ca: ca.to_owned(),
            variable: ("HTTPS_PROXY", String::new()),
        }
    }

    /// The same home and environment for another program.
    fn dress(&self, program: TestCommand) -> TestCommand {
        let (name, value) = &self.variable;
        program.home(&self.home).ca(&self.ca).env(name, value)
    }

    /// The key waits on standard input, for a login.
    fn run(&self, words: &str) -> Outcome {
        let command = self.dress(TestCommand::new()).args(words.split(' '));
        command.stdin(KEY.as_bytes()).run()
    }

    fn log_in(&self) -> Outcome {
        self.run(&format!("login --api-key-stdin --backend {}", self.url))
    }

    /// From login to logout; `doctor --online` must say so of TLS.
    fn lives(&self, tls: &str) {
        self.log_in().exits_with(0).stderr_is_empty();
        let whoami = self.run("whoami");
        whoami.exits_with(0).stderr_is_empty();
        whoami.stdout_contains("Email: dev@example.com\n");
        let doctor = self.run("doctor --online");
        doctor
            .exits_with(0)
            .stdout_contains(&format!(" tls: {tls}"));
        self.run("logout").exits_with(0);
    }

    /// Nothing is left of a login that fails, and the key is not shown.
    fn fails_to_log_in(&self, says: &str) {
        self.log_in()
            .exits_with(4)
            .stdout_is("")
            .stderr_contains(says)
            .never_shows(KEY);
        assert!(self.home.listing().is_empty(), "{:?}", self.home.listing());
    }
}
