//! login, status and whoami against a backend that nobody here wrote: Python's `http.server`, with the
//! few lines that answer.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::fixtures::{FINGERPRINT, MASKED, login_success, sekuire};
use crate::support::backend::KEY;
use crate::support::home::Home;
use crate::support::needs;

/// Prints its port; ends with its standard input.
const SERVER: &str = r#"
import http.server, json, os, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bound = {}

    def answer(self, status, value):
        body = json.dumps(value, indent=1).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/api/v1/api-keys/verify", self.path
        assert sorted(body) == ["api_key", "device_fingerprint", "device_name", "device_os"], body
        self.bound[body["api_key"]] = body["device_fingerprint"]
        self.answer(200, {"valid": True, "org_id": "org_py", "name": "\u00e4"})

    def do_GET(self):
        assert self.path == "/api/v1/me", self.path
        if self.bound.get(self.headers["X-API-Key"]) != self.headers["X-Device-Fingerprint"]:
            return self.answer(401, {"error": "unknown key"})
        self.answer(200, {"id": "user_py", "email": "py@example.com", "organization": "Sn\u00e4ke",
                          "workspaces": [{"id": "ws_py", "name": "first"}], "created": 1.5e9})

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
"#;

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(python: &Path) -> Self {
        let mut child = Command::new(python)
            .env_clear()
            .args(["-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut port = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout)
            .read_line(&mut port)
            .expect("its port");
        let url = format!("http://127.0.0.1:{}", port.trim());
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn login_status_and_whoami_against_pythons_server() {
    let Some(python) = needs::tool("python3") else {
        return;
    };
    let server = Server::start(&python);
    let home = Home::new();
    sekuire(&home)
        .args(["login", "--api-key-stdin", "--backend", &server.url])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0)
        .prints(&login_success(&server.url))
        .complains_not();
    let status = sekuire(&home).arg("status").run();
    status.exits(0).complains_not();
    assert!(
        status.stdout.contains(&format!("Key: {MASKED}\n")),
        "{status}"
    );
    let end = format!("\nWorkspace: ws_py\nBackend: {}\n", server.url);
    assert!(status.stdout.ends_with(&end), "{status}");
    let whoami = sekuire(&home).arg("whoami").run();
    whoami.exits(0).complains_not();
    let lines = "Authenticated as:\nEmail: py@example.com\nUser ID: user_py\nOrganization: Snäke\n";
    assert!(whoami.stdout.contains(lines), "{whoami}");
    assert!(home.read_auth().contains(FINGERPRINT));
    sekuire(&home)
        .env("SEKUIRE_DEVICE_ID", "other")
        .arg("whoami")
        .run()
        .exits(1)
        .complains("unknown key");
}
