//! Why a request failed below HTTP: whether anything left this machine, and what it was, in words.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::outcome::Reply;

/// The reply that a failed request is. Only what failed before there was a connection is surely not sent: whatever
/// broke later may have been taken, even "connection closed before message completed" on a reused connection.
pub(super) fn reply_of(error: &reqwest::Error) -> Reply {
    match error.is_connect() || error.is_builder() {
        true => Reply::NotSent(text(error)),
        false => Reply::Lost(text(error)),
    }
}

/// An error in words: a TLS error by its name, a time-out, or the innermost cause. Never the URL.
pub(crate) fn text(error: &reqwest::Error) -> String {
    if let Some(tls) = chain(error).find_map(tls) {
        return tls;
    }
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    match chain(error).last() {
        Some(innermost) => innermost.to_string(),
        None => "failed".to_owned(),
    }
}

/// Everything that an error is due to. `io::Error` hides what it wraps from `source`, so it is opened by hand.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

fn tls(error: &(dyn Error + 'static)) -> Option<String> {
    let error = error.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "TLS: the certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "TLS: the certificate is not valid yet".to_owned()
            }
            CertificateError::UnknownIssuer => "TLS: the certificate's issuer is unknown".to_owned(),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "TLS: the certificate is for another name".to_owned()
            }
            CertificateError::Revoked => "TLS: the certificate was revoked".to_owned(),
            other => format!("TLS: the certificate is not accepted: {other}"),
        },
        rustls::Error::InvalidMessage(_) => "TLS: what answers does not speak TLS".to_owned(),
        other => format!("TLS: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error sending request")]
    struct Outer(#[source] io::Error);

    #[test]
    fn tls_errors_are_found_and_named() {
        use CertificateError::*;
        let rows = [
            (Expired, "expired"),
            (NotValidYet, "not valid yet"),
            (UnknownIssuer, "issuer is unknown"),
            (NotValidForName, "for another name"),
            (Revoked, "revoked"),
            (BadSignature, "not accepted"),
        ];
        for (certificate, expected) in rows {
            let inner = rustls::Error::InvalidCertificate(certificate);
            let outer = Outer(io::Error::new(io::ErrorKind::InvalidData, inner));
            let text = chain(&outer).find_map(tls).unwrap();
            assert!(text.starts_with("TLS: ") && text.contains(expected), "{text}");
        }
    }
}
