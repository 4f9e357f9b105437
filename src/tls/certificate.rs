//! Why a certificate was refused, in words, and what to do about it: a word for each reason of rustls'
//! and of webpki's, which rustls passes on as "other".

use std::time::{SystemTime, UNIX_EPOCH};

use rustls::CertificateError as Reason;
use webpki::Error as PathReason;

use super::algorithm;
use super::refusal::{Refusal, spell};
use super::trust::ADD_CA;
use crate::clock;

const ASK: &str = "ask whoever runs the backend";
const SET_CLOCK: &str = "set this machine's clock";
const CHECK_CLOCK: &str =
    "check this machine's clock, then ask whoever runs the backend for a new certificate";

/// What rustls-platform-verifier makes of every wrong extended key usage, in a type of its own.
const PLATFORM_VERIFIERS_KEY_USAGE: &str = "certificate had invalid extensions";

/// How many of a certificate's names are shown.
const SHOWN_NAMES: usize = 5;

/// Says why the certificate of `host` was refused.
pub(super) fn refusal(reason: &Reason, host: &str) -> Refusal {
    match reason {
        Reason::UnknownIssuer => Refusal::new(
            format!(
                "the certificate of {host} is by a CA that is not trusted here, or the server does not send \
                 an intermediate certificate"
            ),
            format!(
                "if the backend has a CA of its own, {ADD_CA}; if its CA is a public one, ask whoever runs the \
                 backend to send the intermediate certificates, too; if neither, somebody may be listening in"
            ),
        ),
        Reason::BadSignature => Refusal::new(
            format!(
                "the certificate of {host} is by a CA that is not trusted here, though one of its name is (the \
                 signature is another key's), or a key is too weak (RSA below 2048 bits)"
            ),
            "if the backend has a CA of its own, name its present file in SSL_CERT_FILE; ask whoever runs the \
             backend whether its key and its CA's have 2048 bits or more; if neither, somebody may be listening in",
        ),
        // Windows and macOS don't say which names it has.
        Reason::NotValidForName => Refusal::new(
            format!("the certificate of {host} is for another name"),
            right_name(host),
        ),
        Reason::NotValidForNameContext { presented, .. } => another_name(host, presented),
        Reason::Expired => not_valid_now(host, now()),
        Reason::ExpiredContext { time, not_after } => Refusal::new(
            format!(
                "the certificate of {host} expired on {}; this machine's clock says {}",
                clock::date(not_after.as_secs()),
                clock::date(time.as_secs())
            ),
            CHECK_CLOCK,
        ),
        Reason::NotValidYet => not_valid_yet(
            &format!("the certificate of {host} is not yet valid"),
            now(),
        ),
        Reason::NotValidYetContext { time, not_before } => not_valid_yet(
            &format!(
                "the certificate of {host} is not valid before {}",
                clock::date(not_before.as_secs())
            ),
            time.as_secs(),
        ),
        Reason::Revoked => Refusal::new(
            format!("the certificate of {host} has been revoked"),
            "ask whoever runs the backend for a new certificate; somebody may be listening in",
        ),
        Reason::UnhandledCriticalExtension => unknown_extension(host),
        Reason::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            ..
        } => unknown_algorithm(host, &algorithm::name(signature_algorithm_id)),
        Reason::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => unknown_algorithm(
            host,
            &format!(
                "{}, by a key of the kind {}",
                algorithm::name(signature_algorithm_id),
                algorithm::name(public_key_algorithm_id)
            ),
        ),
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => not_for_servers(host),
        Reason::BadEncoding => damaged(host),
        Reason::UnknownRevocationStatus
        | Reason::ExpiredRevocationList
        | Reason::ExpiredRevocationListContext { .. }
        | Reason::InvalidOcspResponse => Refusal::new(
            format!("whether the certificate of {host} has been revoked can not be told"),
            "see that this machine reaches the CA's revocation service, or ask whoever runs the backend",
        ),
        Reason::Other(other) => match other.0.downcast_ref() {
            Some(reason) => path_refusal(reason, host),
            None if other.0.to_string() == PLATFORM_VERIFIERS_KEY_USAGE => not_for_servers(host),
            // The system's verifier, on macOS and Windows, has words of its own.
            None => match of_windows(&other.0.to_string()) {
                Some(reason) => refusal(&reason, host),
                None => Refusal::new(
                    format!("the certificate of {host} is not acceptable: {}", other.0),
                    ASK,
                ),
            },
        },
        reason => not_acceptable(host, &spell(reason)),
    }
}

/// The reason behind an error of Windows' verifier that rustls-platform-verifier passes on as a text, in the language of
/// the system, with its number: `CERT_E_CHAINING` and so on in winerror.h.
fn of_windows(text: &str) -> Option<Reason> {
    let (_, number) = text.strip_suffix(')')?.rsplit_once("(os error ")?;
    match number.parse::<i32>().ok()?.cast_unsigned() {
        // CERT_E_CHAINING: what a missing CA is as long as the server does not send it; CERT_E_UNTRUSTEDCA.
        0x800B_010A | 0x800B_0112 => Some(Reason::UnknownIssuer),
        // CERT_E_REVOCATION_FAILURE, CRYPT_E_NO_REVOCATION_CHECK, CRYPT_E_REVOCATION_OFFLINE.
        0x800B_010E | 0x8009_2012 | 0x8009_2013 => Some(Reason::UnknownRevocationStatus),
        _ => None,
    }
}

/// The reasons for which rustls has no word.
fn path_refusal(reason: &PathReason, host: &str) -> Refusal {
    match reason {
        PathReason::CaUsedAsEndEntity => Refusal::new(
            format!(
                "the certificate of {host} is a CA's own (CA:TRUE), as `openssl req -x509` makes them: a \
                 server's must not be one"
            ),
            "give the server a certificate with CA:FALSE (`openssl req -x509 -addext \
             basicConstraints=critical,CA:FALSE …`, or one that this CA has signed), and name it or its CA \
             in SSL_CERT_FILE",
        ),
        PathReason::EndEntityUsedAsCa | PathReason::PathLenConstraintViolated => Refusal::new(
            format!(
                "the certificate of {host} is signed with a certificate that may not do so: that is no CA's, \
                 or its CA allows none below it (CA:FALSE, pathlen)"
            ),
            "ask whoever runs the backend for a certificate by a CA that may issue it",
        ),
        PathReason::EmptyEkuExtension => not_for_servers(host),
        PathReason::UnsupportedCriticalExtension => unknown_extension(host),
        PathReason::NameConstraintViolation => Refusal::new(
            format!(
                "the certificate of {host} has a name that its CA may not give (name constraints; those on \
                 directory names, URIs and e-mail addresses are refused whole here)"
            ),
            "ask whoever runs the backend for a certificate with names that its CA may give, or by another CA",
        ),
        PathReason::MalformedNameConstraint
        | PathReason::InvalidNetworkMaskConstraint
        | PathReason::MaximumNameConstraintComparisonsExceeded => Refusal::new(
            format!(
                "the certificate of {host} is by a CA whose name constraints can not be read, or are too many"
            ),
            "ask whoever runs the backend for a certificate by another CA",
        ),
        PathReason::MaximumPathBuildCallsExceeded
        | PathReason::MaximumPathDepthExceeded
        | PathReason::MaximumSignatureChecksExceeded => Refusal::new(
            format!("the certificate of {host} comes with too many others to be checked"),
            "ask whoever runs the backend to send its certificate and the intermediate ones alone, in order",
        ),
        PathReason::UnsupportedCertVersion => Refusal::new(
            format!("the certificate of {host} is of an old form (not X.509 version 3)"),
            "ask whoever runs the backend for a certificate of version 3, with subjectAltName",
        ),
        PathReason::CertDistrusted => Refusal::new(
            format!("the certificate of {host} is by a key that is known to be bad"),
            "ask whoever runs the backend for a certificate by another CA",
        ),
        PathReason::MalformedExtensions
        | PathReason::ExtensionValueInvalid
        | PathReason::MalformedDnsIdentifier
        | PathReason::InvalidSerialNumber
        | PathReason::SignatureAlgorithmMismatch
        | PathReason::TrailingData(_) => damaged(host),
        reason => not_acceptable(host, &spell(reason)),
    }
}

fn another_name(host: &str, presented: &[String]) -> Refusal {
    let names: Vec<&str> = presented.iter().filter_map(|name| plain(name)).collect();
    if names.is_empty() {
        return Refusal::new(
            format!(
                "the certificate of {host} names no host: it has no subjectAltName that does, and a common \
                 name (CN) does not count"
            ),
            format!(
                "ask whoever runs the backend for a certificate with the subjectAltName {host}"
            ),
        );
    }
    let shown = names
        .iter()
        .take(SHOWN_NAMES)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let others = match names.len().saturating_sub(SHOWN_NAMES) {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    Refusal::new(
        format!("the certificate that {host} shows is not for that name, but for {shown}{others}"),
        right_name(host),
    )
}

fn right_name(host: &str) -> String {
    format!(
        "check the host of the URL; if it is right, ask whoever runs the backend for a certificate with the \
         subjectAltName {host}; somebody may be listening in"
    )
}

/// A name as webpki gives it, `DnsName("example.org")`, without its kind; none where it does not give the
/// name itself (`DirectoryName`, `Unsupported(0x01)`: an e-mail address), which is no host's.
fn plain(name: &str) -> Option<&str> {
    let (kind, rest) = name.split_once('(')?;
    let name = rest.strip_suffix(')')?.trim_matches('"');
    (kind != "Unsupported").then_some(name)
}

fn not_valid_yet(cause: &str, now: u64) -> Refusal {
    let cause = match now {
        before if before < clock::BEFORE_RELEASE => format!(
            "{cause}; this machine's clock says {}, which is wrong: this program is younger",
            clock::date(now)
        ),
        now => format!("{cause}; this machine's clock says {}", clock::date(now)),
    };
    Refusal {
        clock: true,
        ..Refusal::new(cause, SET_CLOCK)
    }
}

/// Too late or too early: Windows has one word for both (`CERT_E_EXPIRED`).
fn not_valid_now(host: &str, now: u64) -> Refusal {
    let cause = format!("the certificate of {host} has expired or is not yet valid");
    match now {
        before if before < clock::BEFORE_RELEASE => not_valid_yet(&cause, before),
        now => Refusal {
            clock: false,
            hint: CHECK_CLOCK.to_owned(),
            ..not_valid_yet(&cause, now)
        },
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn not_for_servers(host: &str) -> Refusal {
    Refusal::new(
        format!(
            "the certificate of {host} is not for servers: its extended key usage does not say serverAuth"
        ),
        "ask whoever runs the backend for a certificate with extendedKeyUsage=serverAuth",
    )
}

fn unknown_extension(host: &str) -> Refusal {
    Refusal::new(
        format!(
            "the certificate of {host} has an extension that is marked critical and not known here"
        ),
        "ask whoever runs the backend for a certificate in which that extension is not critical",
    )
}

fn unknown_algorithm(host: &str, algorithm: &str) -> Refusal {
    Refusal::new(
        format!("the certificate of {host} is signed with {algorithm}: that can't be checked here"),
        "ask whoever runs the backend for a certificate with RSA (2048 bits or more), ECDSA on P-256 or P-384, \
         or Ed25519, and SHA-256 or SHA-384, by a CA that signs so, too",
    )
}

fn damaged(host: &str) -> Refusal {
    Refusal::new(
        format!(
            "the certificate of {host} is damaged, or not made as the standard says (RFC 5280)"
        ),
        "ask whoever runs the backend for a new certificate",
    )
}

fn not_acceptable(host: &str, reason: &str) -> Refusal {
    Refusal::new(
        format!("the certificate of {host} is not acceptable: {reason}"),
        ASK,
    )
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::OtherError;
    use rustls::pki_types::UnixTime;

    use super::*;

    /// As rustls-platform-verifier passes it on.
    fn windows(number: i32) -> Refusal {
        let text = format!("Was Windows sagt. (os error {number})");
        let reason = Reason::Other(OtherError(Arc::new(io::Error::other(text))));
        refusal(&reason, "backend.example")
    }

    #[test]
    fn an_error_of_windows_is_said_in_our_words() {
        let unknown = refusal(&Reason::UnknownIssuer, "backend.example");
        assert_eq!(windows(-2_146_762_486), unknown);
        assert_eq!(windows(-2_146_762_478), unknown);
        let revocation = refusal(&Reason::UnknownRevocationStatus, "backend.example");
        assert_eq!(windows(-2_146_762_482), revocation);
        assert_eq!(windows(-2_146_885_614), revocation);
        assert_eq!(windows(-2_146_885_613), revocation);
        let other = windows(-2_146_762_495);
        assert!(
            other
                .cause
                .ends_with("Was Windows sagt. (os error -2146762495)")
        );
    }

    #[test]
    fn a_clock_that_is_behind_is_waited_for_where_the_system_says_expired_for_both() {
        let behind = not_valid_now("backend.example", 0);
        assert!(
            behind.clock && behind.cause.contains("which is wrong"),
            "{behind:?}"
        );
        let right = not_valid_now("backend.example", clock::BEFORE_RELEASE);
        assert!(!right.clock && right.hint == CHECK_CLOCK, "{right:?}");
        assert!(
            right.cause.contains("has expired or is not yet valid"),
            "{right:?}"
        );
    }

    #[test]
    fn only_names_of_hosts_are_told() {
        let cause = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            another_name("a.example", &names).cause
        };
        let mixed = cause(&[
            "Unsupported(0x01)",
            "DnsName(\"b.example\")",
            "IpAddress(192.0.2.1)",
        ]);
        assert!(mixed.ends_with("but for b.example, 192.0.2.1"), "{mixed}");
        for none in [&[][..], &["DirectoryName"], &["Unsupported(0x01)"]] {
            let cause = cause(none);
            assert!(cause.contains("names no host"), "{cause}");
        }
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn other(reason: impl Error + Send + Sync + 'static) -> Refusal {
        refusal(&Reason::Other(OtherError(Arc::new(reason))), "it")
    }

    #[test]
    fn a_clock_that_says_less_than_this_program_is_wrong() {
        for (now, is_wrong) in [
            (clock::BEFORE_RELEASE - 1, true),
            (clock::BEFORE_RELEASE, false),
            (clock::BEFORE_RELEASE + 1, false),
        ] {
            let reason = Reason::NotValidYetContext {
                time: at(now),
                not_before: at(now + 60),
            };
            let told = refusal(&reason, "it");
            assert_eq!(
                told.cause
                    .ends_with("which is wrong: this program is younger"),
                is_wrong,
                "{told:?}"
            );
            assert_eq!((told.clock, told.hint.as_str()), (true, SET_CLOCK));
            assert!(
                told.cause
                    .starts_with("the certificate of it is not valid before ")
            );
            let told = not_valid_now("it", now);
            assert_eq!(told.clock, is_wrong);
            assert_eq!(told.hint, if is_wrong { SET_CLOCK } else { CHECK_CLOCK });
        }
        // This machine's clock is right, as far as a test needs one.
        assert!(
            !refusal(&Reason::Expired, "it").clock && refusal(&Reason::NotValidYet, "it").clock
        );
    }

    #[test]
    fn the_names_of_another_host_are_told_up_to_five() {
        let told = |count: usize| {
            let presented = (1..=count).map(|number| format!("DnsName(\"n{number}\")"));
            let presented = presented.chain(["Unsupported(0x01)".to_owned()]).collect();
            let reason = Reason::NotValidForNameContext {
                expected: rustls::pki_types::ServerName::from(std::net::Ipv4Addr::LOCALHOST),
                presented,
            };
            refusal(&reason, "it").cause
        };
        assert!(told(0).contains("names no host"), "{}", told(0));
        assert!(told(1).ends_with("but for n1"), "{}", told(1));
        assert!(
            told(5).ends_with("but for n1, n2, n3, n4, n5"),
            "{}",
            told(5)
        );
        assert!(
            told(7).ends_with("but for n1, n2, n3, n4, n5 and 2 more"),
            "{}",
            told(7)
        );
    }

    #[test]
    fn a_name_is_told_without_its_kind() {
        for (name, told) in [
            ("DnsName(\"example.org\")", Some("example.org")),
            ("IpAddress(127.0.0.1)", Some("127.0.0.1")),
            ("Unsupported(0x01)", None),
            ("DirectoryName", None),
            ("DnsName(\"example.org\"", None),
        ] {
            assert_eq!(plain(name), told);
        }
    }

    #[test]
    fn what_is_passed_on_as_other_has_words_too() {
        let told = other(PathReason::CaUsedAsEndEntity).cause;
        assert!(told.contains("CA's own"), "{told}");
        let told = other(io::Error::other(super::PLATFORM_VERIFIERS_KEY_USAGE)).cause;
        assert!(told.contains("is not for servers"), "{told}");
        let told = other(io::Error::other("its own words"));
        assert_eq!(
            told.cause,
            "the certificate of it is not acceptable: its own words"
        );
        assert_eq!(told.hint, ASK);
    }
}
