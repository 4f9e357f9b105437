//! What each server is asked, and what is to be said of its answers.

/// A program, and how it is run.
pub(super) struct Server {
    pub(super) program: &'static str,
    pub(super) package: &'static str,
    /// The argument for which it says its version.
    pub(super) version: &'static str,
    /// As whoever starts it gives them, with `@DIR@`.
    pub(super) arguments: &'static str,
    pub(super) configuration: &'static str,
    /// What it listens on.
    pub(super) ports: &'static [&'static str],
    /// Where the backend is behind it, and what doctor says of TLS there.
    pub(super) good: &'static [(&'static str, &'static str)],
    /// Whether its connections to the backend outlive a request.
    pub(super) keeps_alive: bool,
    pub(super) cases: &'static [Case],
}

/// A base URL behind which something is wrong, or unusual.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) what: &'static str,
    /// Or its path, on the port of TLS 1.3.
    pub(super) url: &'static str,
    pub(super) asks: Asks,
    pub(super) code: i32,
    pub(super) says: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Asks {
    Verify,
    Me,
    Both,
}

pub(super) const fn case(what: &'static str, url: &'static str, says: &'static str) -> Case {
    Case {
        what,
        url,
        asks: Asks::Both,
        code: 4,
        says,
    }
}

const fn verify(case: Case) -> Case {
    Case {
        asks: Asks::Verify,
        ..case
    }
}

const fn me(case: Case) -> Case {
    Case {
        asks: Asks::Me,
        ..case
    }
}

const fn good(case: Case) -> Case {
    Case { code: 0, ..case }
}

const GONE: &str = "the backend is gone";
const HANGS_UP: &str = "the backend hangs up";
const SILENT: &str = "the backend is silent";
const LARGE: &str = "too large a body";
const LONG: &str = "too long a target";
const MISDIRECTED: Case = case("misdirected", "/misdirected", "returned 421");
const MOVED: Case = case(
    "redirected to another host",
    "/moved",
    "redirects to https://elsewhere.example/moved/api/v1/",
);
const TO_HTTPS: Case = case(
    "redirected to https",
    "http://localhost:@CLEAR@",
    "redirects to https://localhost:@TLS13@/api/v1/",
);
const GZIP: Case = case(
    "gzip that was not asked for",
    "/gzip",
    "whose body is not UTF-8 text",
);
const TLS_TO_CLEAR: Case = case(
    "https to the port of http",
    "https://localhost:@CLEAR@",
    "localhost does not speak TLS on this port",
);

const fn clear_to_tls(says: &'static str) -> Case {
    case(
        "http to the port of https",
        "http://localhost:@TLS13@",
        says,
    )
}

const fn client12(says: &'static str) -> Case {
    let url = "https://localhost:@CLIENT12@";
    case("a certificate demanded, TLS 1.2", url, says)
}

const fn client13(says: &'static str) -> Case {
    let url = "https://localhost:@CLIENT13@";
    case("a certificate demanded, TLS 1.3", url, says)
}

const DEMANDED: &str = "it wants a client certificate\nhint: ";
const MAY_BE_DEMANDED: &str = "TLS failed: ";
const LOST: &str = "connection closed (3 attempts";

const BOTH_VERSIONS: &[(&str, &str)] = &[
    ("https://localhost:@TLS12@", "TLS 1.2"),
    ("https://localhost:@TLS13@", "TLS 1.3"),
];
const USUAL_PORTS: &[&str] = &["TLS12", "TLS13", "CLIENT12", "CLIENT13", "CLEAR"];

pub(super) const SERVERS: &[Server] = &[NGINX, APACHE, CADDY, HAPROXY, STUNNEL, PYTHON];

const NGINX: Server = Server {
    program: "nginx",
    package: "nginx-light",
    version: "-v",
    arguments: "-e @DIR@/error.log -p @DIR@ -c @DIR@/configuration",
    configuration: include_str!("nginx.conf"),
    ports: USUAL_PORTS,
    good: BOTH_VERSIONS,
    keeps_alive: true,
    cases: &[
        case(GONE, "/gone", "returned 502 "),
        case(HANGS_UP, "/broken", "returned 502 "),
        case(SILENT, "/silent", "returned 504 "),
        verify(case(
            LARGE,
            "/small",
            "returned 413 \"Request Entity Too Large\"",
        )),
        case(LONG, "/@LONG@", "returned 414 \"Request-URI Too Large\""),
        // The first in a minute is allowed, and that is login's.
        good(verify(case(
            "one request is allowed",
            "/limited",
            "returned 503 ",
        ))),
        me(case("none is allowed", "/limited", "returned 503 ")),
        MISDIRECTED,
        MOVED,
        TO_HTTPS,
        me(GZIP),
        clear_to_tls("returned 400 \"The plain HTTP request was sent to HTTPS port\""),
        TLS_TO_CLEAR,
        client12("returned 400 \"No required SSL certificate was sent\""),
        client13("returned 400 \"No required SSL certificate was sent\""),
    ],
};

const APACHE: Server = Server {
    program: "apache2",
    package: "apache2",
    version: "-v",
    arguments: "-X -f @DIR@/configuration",
    configuration: include_str!("apache.conf"),
    ports: USUAL_PORTS,
    good: BOTH_VERSIONS,
    keeps_alive: true,
    cases: &[
        case(GONE, "/gone", "returned 503 "),
        case(HANGS_UP, "/broken", "returned 502 "),
        me(case(SILENT, "/silent", "returned 502 ")),
        case(LARGE, "/large", "returned 413 \"Request Entity Too Large\""),
        case(LONG, "/@LONG@", "returned 414 \"Request-URI Too Long\""),
        MISDIRECTED,
        MOVED,
        TO_HTTPS,
        // The answer to a verification is too short to be worth it.
        me(GZIP),
        clear_to_tls("returned 400 \"Bad Request\""),
        TLS_TO_CLEAR,
        client12(MAY_BE_DEMANDED),
        client13(DEMANDED),
    ],
};

const CADDY: Server = Server {
    program: "caddy",
    package: "caddy",
    version: "version",
    arguments: "run --config @DIR@/configuration --adapter caddyfile",
    configuration: include_str!("Caddyfile"),
    ports: USUAL_PORTS,
    good: BOTH_VERSIONS,
    keeps_alive: true,
    cases: &[
        case(GONE, "/gone", "returned 502 "),
        case(HANGS_UP, "/broken", "returned 502 "),
        case(SILENT, "/silent", "returned 504 "),
        // It says so of what is too large for its own limit, too.
        verify(case(LARGE, "/small", "returned 502 ")),
        case(LARGE, "/large", "returned 413"),
        case("too long a head", "/long", "returned 431"),
        MISDIRECTED,
        MOVED,
        TO_HTTPS,
        GZIP,
        clear_to_tls("returned 400 \"Client sent an HTTP request to an HTTPS server.\""),
        TLS_TO_CLEAR,
        client12(MAY_BE_DEMANDED),
        client13(DEMANDED),
    ],
};

const HAPROXY: Server = Server {
    program: "haproxy",
    package: "haproxy",
    version: "-v",
    arguments: "-db -f @DIR@/configuration",
    configuration: include_str!("haproxy.cfg"),
    ports: USUAL_PORTS,
    good: BOTH_VERSIONS,
    keeps_alive: true,
    cases: &[
        case(GONE, "/gone", "returned 503 "),
        case(HANGS_UP, "/broken", "returned 502 "),
        case(SILENT, "/silent", "returned 504 "),
        verify(case(LARGE, "/small", "returned 413")),
        case(LONG, "/@LONG@", "returned 400"),
        case("too many requests", "/limited", "(429) (3 attempts"),
        good(case("early hints (103) first", "/hinted", "")),
        MISDIRECTED,
        MOVED,
        TO_HTTPS,
        GZIP,
        clear_to_tls(LOST),
        TLS_TO_CLEAR,
        client12(MAY_BE_DEMANDED),
        client13(DEMANDED),
    ],
};

const STUNNEL: Server = Server {
    program: "stunnel4",
    package: "stunnel4",
    version: "-version",
    arguments: "@DIR@/configuration",
    configuration: include_str!("stunnel.conf"),
    ports: &[
        "TLS12",
        "TLS13",
        "CLIENT12",
        "CLIENT13",
        "GONE_TLS",
        "BROKEN_TLS",
    ],
    good: BOTH_VERSIONS,
    keeps_alive: false,
    cases: &[
        case(GONE, "https://localhost:@GONE_TLS@", LOST),
        case(HANGS_UP, "https://localhost:@BROKEN_TLS@", LOST),
        clear_to_tls(LOST),
        client12(MAY_BE_DEMANDED),
        client13(DEMANDED),
    ],
};

const PYTHON: Server = Server {
    program: "python3",
    package: "python3",
    version: "--version",
    arguments: "@DIR@/configuration",
    configuration: include_str!("server.py"),
    ports: &[
        "TLS12",
        "TLS13",
        "CLIENT12",
        "CLIENT13",
        "CLEAR",
        "WSGI",
        "WSGI_CLEAR",
    ],
    good: &[
        ("https://localhost:@TLS12@", "TLS 1.2"),
        ("https://localhost:@TLS13@", "TLS 1.3"),
    ],
    keeps_alive: false,
    cases: &[
        case(GONE, "/gone", "returned 502 "),
        case(HANGS_UP, "/broken", "returned 502 "),
        case(SILENT, "/silent", "returned 504 "),
        verify(case(LARGE, "/small", "returned 413")),
        good(case("HTTP/1.0", "http://localhost:@WSGI_CLEAR@", "")),
        // Nobody can tell it from one that was cut short: it has no length, and TLS no end.
        case(
            "HTTP/1.0 without a length, and TLS without goodbye",
            "https://localhost:@WSGI@",
            "broke off within its answer: connection closed",
        ),
        good(case("an interim answer (100) first", "/interim", "")),
        MISDIRECTED,
        TO_HTTPS,
        GZIP,
        clear_to_tls(LOST),
        TLS_TO_CLEAR,
        client12(MAY_BE_DEMANDED),
        client13(DEMANDED),
    ],
};
