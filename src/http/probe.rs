//! The steps of a request one by one, without a request: what `doctor --online` shows.

use std::net::IpAddr;

use super::attempt::Attempt;
use super::failure::Failure;
use crate::tls;

/// Takes the steps up to TLS, and calls `on_step` with the name of each and what was found.
///
/// # Errors
/// The name of the first that failed, and why.
pub(super) fn probe(
    mut attempt: Attempt<'_>,
    on_step: &mut dyn FnMut(&'static str, String),
) -> Result<(), (&'static str, Failure)> {
    let failed = |step| move |failure| (step, failure);
    let step = "name look-up";
    let addresses = attempt.resolve().map_err(failed(step))?;
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    on_step(step, texts.join(", "));
    let step = "connection";
    let stream = attempt.connect(&addresses).map_err(failed(step))?;
    let peer = stream.peer_addr().map(|peer| format!("{peer} "));
    on_step(step, format!("{}answered", peer.unwrap_or_default()));
    if attempt.target.proxy.is_some() {
        let step = "tunnel";
        attempt.tunnel(&stream).map_err(failed(step))?;
        on_step(step, "the proxy connected".to_owned());
    }
    let step = "tls";
    let shaken = attempt.shake_hands(&addresses, stream);
    if let (_, Some(session)) = shaken.map_err(failed(step))? {
        on_step(step, tls::version(&session).to_owned());
    }
    Ok(())
}
