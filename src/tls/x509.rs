//! What a person wants to know of a certificate: its names, who issued it, and until when it is valid
//! (RFC 5280, 4.1). It is shown only after it was verified; nothing is decided by it.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

const CONTEXT_0: u8 = 0xa0;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;

/// The attribute types of a name (RFC 5280, appendix A), in the order in which they are shown.
const ATTRIBUTES: [&[u8]; 2] = [&[0x55, 4, 3], &[0x55, 4, 10]];

/// A certificate in words.
pub struct Summary {
    names: Vec<String>,
    issuer: String,
    until: String,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            names,
            issuer,
            until,
        } = self;
        let names = names.join(", ");
        write!(
            f,
            "certificate for {names}, issued by {issuer}, valid until {until}"
        )
    }
}

impl Summary {
    /// The summary of a certificate that was found to be for `host`; none where it can't be read.
    pub(super) fn of(certificate: &CertificateDer<'_>, host: &str) -> Option<Summary> {
        let parsed = EndEntityCert::try_from(certificate).ok()?;
        let mut tbs = Der(Der(Der(certificate).take(SEQUENCE)?).take(SEQUENCE)?);
        if tbs.peek() == Some(CONTEXT_0) {
            tbs.next()?;
        }
        let (_serial, _algorithm) = (tbs.next()?, tbs.next()?);
        let issuer = Der(tbs.take(SEQUENCE)?);
        let mut validity = Der(tbs.take(SEQUENCE)?);
        let (_from, until) = (validity.next()?, validity.next()?);
        Some(Summary {
            names: names(&parsed, host),
            issuer: name(issuer).unwrap_or_else(|| "a CA without a name".into()),
            until: day(until)?,
        })
    }
}

/// The names of hosts. Of addresses webpki does not tell: the one that was asked for is among them.
fn names(certificate: &EndEntityCert<'_>, host: &str) -> Vec<String> {
    let mut names: Vec<String> = certificate.valid_dns_names().map(str::to_owned).collect();
    names.extend(
        host.parse::<IpAddr>()
            .ok()
            .map(|address| address.to_string()),
    );
    names.sort_unstable();
    names.dedup();
    names
}

/// The common name of a distinguished name, else its organization.
fn name(distinguished: Der<'_>) -> Option<String> {
    let mut found = [None, None];
    let mut sets = distinguished;
    while let Some(set) = sets.take(SET) {
        let mut attribute = Der(Der(set).take(SEQUENCE)?);
        let (_, kind) = attribute.next()?;
        let (_, value) = attribute.next()?;
        for (place, wanted) in found.iter_mut().zip(ATTRIBUTES) {
            if kind == wanted {
                *place = Some(String::from_utf8_lossy(value).into_owned());
            }
        }
    }
    found.into_iter().flatten().next()
}

/// The day of a time, as `2027-01-31`: `YYMMDD…` or `YYYYMMDD…` (RFC 5280, 4.1.2.5).
fn day((tag, time): (u8, &[u8])) -> Option<String> {
    let time = std::str::from_utf8(time).ok()?;
    let (century, rest) = if tag == UTC_TIME {
        (if time >= "50" { "19" } else { "20" }, time)
    } else {
        time.split_at_checked(2)?
    };
    let (year, month, day) = (rest.get(..2)?, rest.get(2..4)?, rest.get(4..6)?);
    Some(format!("{century}{year}-{month}-{day}"))
}

/// Values of DER, one behind the other (X.690, 8.1).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value's tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match first {
            0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
            0x82 => {
                let (&[high, low], rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes([high, low])), rest)
            }
            first => (usize::from(first), rest),
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The next value's content, if it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .filter(|(found, _)| *found == tag)
            .map(|(_, content)| content)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {

    use super::{Der, UTC_TIME, day, name};

    const OCTETS: u8 = 0x04;

    #[test]
    fn lengths_are_read_in_their_three_forms_and_nothing_beyond_the_end() {
        let whole = [
            &[OCTETS, 1, 9, OCTETS, 0x81, 0x80][..],
            &[7; 128],
            &[OCTETS, 0x82, 0x01, 0x2c],
            &[8; 300],
            &[0x05, 0],
        ]
        .concat();
        let expected: [(u8, &[u8]); 4] = [
            (OCTETS, &[9]),
            (OCTETS, &[7; 128]),
            (OCTETS, &[8; 300]),
            (0x05, &[]),
        ];
        let mut der = Der(&whole);
        for (tag, content) in expected {
            assert_eq!(der.peek(), Some(tag));
            assert_eq!(der.next(), Some((tag, content)));
        }
        assert_eq!((der.peek(), der.next()), (None, None));
        for end in 0..whole.len() {
            let mut der = Der(whole.get(..end).unwrap());
            let read = std::iter::from_fn(|| der.next()).count();
            assert!(read < expected.len(), "{end}");
        }
        assert_eq!(Der(&whole).take(OCTETS), Some(&[9][..]));
        assert_eq!(Der(&whole).take(0x05), None);
    }

    #[test]
    fn a_day_is_read_in_both_forms() {
        const GENERALIZED_TIME: u8 = 0x18;
        for (tag, time, read) in [
            (UTC_TIME, "271231235959Z", "2027-12-31"),
            (UTC_TIME, "491231235959Z", "2049-12-31"),
            (UTC_TIME, "500101000000Z", "1950-01-01"),
            (GENERALIZED_TIME, "20500102030405Z", "2050-01-02"),
        ] {
            assert_eq!(day((tag, time.as_bytes())).as_deref(), Some(read));
        }
        for (tag, damaged) in [
            (UTC_TIME, &b"27123"[..]),
            (GENERALIZED_TIME, b"2050010"),
            (GENERALIZED_TIME, b"2"),
            (UTC_TIME, b"\xff71231"),
        ] {
            assert_eq!(day((tag, damaged)), None, "{damaged:?}");
        }
    }

    /// A distinguished name of one attribute a set: the last byte of its type, and its value.
    fn shown(attributes: &[(u8, &str)]) -> Option<String> {
        let wrap =
            |tag, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        let set = |(kind, value): &(u8, &str)| {
            let attribute = [wrap(0x06, &[0x55, 4, *kind]), wrap(0x0c, value.as_bytes())].concat();
            wrap(super::SET, &wrap(super::SEQUENCE, &attribute))
        };
        name(Der(&attributes.iter().flat_map(set).collect::<Vec<u8>>()))
    }

    #[test]
    fn a_common_name_goes_before_an_organization_wherever_it_stands() {
        const COMMON_NAME: u8 = 3;
        const COUNTRY: u8 = 6;
        const ORGANIZATION: u8 = 10;
        let (common, organization) = ((COMMON_NAME, "CA 1"), (ORGANIZATION, "Acme"));
        assert_eq!(
            shown(&[(COUNTRY, "DE"), organization, common]).as_deref(),
            Some("CA 1")
        );
        assert_eq!(shown(&[common, organization]).as_deref(), Some("CA 1"));
        assert_eq!(
            shown(&[organization, (COUNTRY, "DE")]).as_deref(),
            Some("Acme")
        );
        assert_eq!(shown(&[(COUNTRY, "DE")]), None);
        assert_eq!(shown(&[]), None);
        assert_eq!(name(Der(&[super::SET, 2, super::SEQUENCE, 0])), None);
    }
}
